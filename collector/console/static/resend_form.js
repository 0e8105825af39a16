// Asking a gateway to send a time range again: a form for operators.

import { askAgain, serverNow } from "./api.js";
import { h, setText } from "./dom.js";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** What a field for local times holds: "2026-11-22T08:00" in the viewer's zone; `moment` in milliseconds. */
function localTime(moment) {
  const offset = new Date(moment).getTimezoneOffset() * MINUTE_MS;
  return new Date(moment - offset).toISOString().slice(0, 16);
}

const field = (label, name, moment) =>
  h("label", {}, label, h("input", { type: "datetime-local", name, required: true, value: localTime(moment) }));

/** Puts the form, for the last whole hour at first, into `parent`; `done` is called when the gateway was asked. */
export function resendForm(parent, { gateway, done }) {
  const until = Math.floor(serverNow() / HOUR_MS) * HOUR_MS;
  const said = h("p", { role: "status" });
  const trouble = h("p", { class: "notice", role: "alert", hidden: true });
  const submit = async (event) => {
    event.preventDefault();
    const fields = new FormData(form);
    const [from, to] = ["from", "to"].map((name) => new Date(fields.get(name)).toISOString());
    trouble.hidden = true;
    setText(said, "");
    try {
      await askAgain(gateway, { from, to });
      setText(said, "Asked: it is told with the receipt of its next upload.");
      await done();
    } catch (error) {
      setText(trouble, error.message);
      trouble.hidden = false;
    }
  };
  const form = h(
    "form",
    { class: "ask", "aria-label": "Ask to send again", onsubmit: submit },
    field("From", "from", until - HOUR_MS),
    field("To", "to", until),
    h("button", { type: "submit" }, "Ask to send again"),
  );
  parent.append(h("p", { class: "since" }, "It sends a time range again, in your zone, as far as it still holds it."), form, trouble, said);
}
