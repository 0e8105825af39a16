// Dealing with an alert: acknowledge it, comment on it, resolve it with a cause, open it again.

import { actOn } from "./api.js";
import { byId, h, setText } from "./dom.js";

/** What an alert may turn out to be: as the API has it, and for people. */
export const CAUSES = [
  ["fixed", "Fixed"],
  ["false_alarm", "False alarm"],
  ["natural_shade", "Shade, snow or dirt"],
  ["other", "Other"],
];

/** Where an alert is now, which may be another list: there whoever opened it again goes on. */
const goOn = ({ id }) => byId(`alert-${id}`)?.querySelector("a").focus();

/** Returns {node, update} with the controls of one alert; `done` is called after each change, `history` shows them. */
export function alertActions(alert, { done, history }) {
  const trouble = h("p", { class: "notice", role: "alert", hidden: true });
  const run = async (action, body, finish) => {
    trouble.hidden = true;
    try {
      await actOn(alert, action, body);
      finish?.();
      await done();
      if (action === "comment") history.open();
      if (action === "reopen") goOn(alert);
    } catch (error) {
      // What was typed stays where it is.
      setText(trouble, error.message);
      trouble.hidden = false;
    }
  };
  const acknowledge = h("button", { type: "button", class: "quiet", "data-key": "a", onclick: () => run("acknowledge") }, "Acknowledge");
  const reopen = h("button", { type: "button", class: "quiet", onclick: () => run("reopen") }, "Reopen");
  const comment = form(
    "Comment",
    [h("input", { name: "text", required: true, maxlength: 4000, "aria-label": "Comment" })],
    (fields, finish) => run("comment", { text: fields.get("text") }, finish),
  );
  const resolve = form(
    "Resolve",
    [
      h("select", { name: "cause", "aria-label": "Cause" }, ...CAUSES.map(([value, text]) => h("option", { value }, text))),
      h("input", { name: "note", maxlength: 4000, placeholder: "Note", "aria-label": "Note" }),
    ],
    (fields, finish) => run("resolve", { cause: fields.get("cause"), note: fields.get("note") || null }, finish),
  );
  const node = h(
    "div",
    { class: "alert-actions", role: "group", "aria-label": `Alert ${alert.id}` },
    acknowledge, reopen, comment.opener, resolve.opener, comment.node, resolve.node, trouble,
  );
  const update = (row) => {
    acknowledge.hidden = row.state !== "open";
    reopen.hidden = row.state !== "resolved";
    resolve.opener.hidden = row.state === "resolved";
  };
  return { node, update };
}

function form(name, controls, submit) {
  const close = () => {
    // Whoever typed in it goes on from the button that opened it, not from the top of the page.
    if (node.contains(document.activeElement)) opener.focus();
    node.hidden = true;
  };
  const finish = () => {
    node.reset();
    close();
  };
  const node = h(
    "form",
    {
      hidden: true,
      onsubmit: (event) => {
        event.preventDefault();
        submit(new FormData(node), finish);
      },
      onkeydown: (event) => event.key === "Escape" && close(),
    },
    ...controls,
    h("button", { type: "submit", class: "quiet" }, name === "Comment" ? "Send" : "Close the alert"),
  );
  const open = () => {
    node.hidden = !node.hidden;
    if (!node.hidden) controls[0].focus();
  };
  const opener = h("button", { type: "button", class: "quiet", "data-key": name === "Comment" ? "c" : null, onclick: open }, name);
  return { node, opener };
}
