// Dealing with an alert: acknowledge it, comment on it, resolve it with a cause.

import { actOn } from "./api.js";
import { h, setText } from "./dom.js";

/** What an alert may turn out to be: as the API has it, and for people. */
export const CAUSES = [
  ["fixed", "Fixed"],
  ["false_alarm", "False alarm"],
  ["natural_shade", "Shade, snow or dirt"],
  ["other", "Other"],
];

/** Returns {node, update} with the controls of one alert; `done` is called after each change. */
export function alertActions(alert, done) {
  const trouble = h("p", { class: "notice", role: "alert", hidden: true });
  const run = async (action, body, form) => {
    trouble.hidden = true;
    try {
      await actOn(alert, action, body);
      form?.reset();
      if (form) form.hidden = true;
      await done();
    } catch (error) {
      // What was typed stays where it is.
      setText(trouble, error.message);
      trouble.hidden = false;
    }
  };
  const acknowledge = h("button", { type: "button", class: "quiet", onclick: () => run("acknowledge") }, "Acknowledge");
  const comment = form(
    "Comment",
    [h("input", { name: "text", required: true, maxlength: 4000, "aria-label": "Comment" })],
    (fields, node) => run("comment", { text: fields.get("text") }, node),
  );
  const resolve = form(
    "Resolve",
    [
      h("select", { name: "cause", "aria-label": "Cause" }, ...CAUSES.map(([value, text]) => h("option", { value }, text))),
      h("input", { name: "note", maxlength: 4000, placeholder: "Note", "aria-label": "Note" }),
    ],
    (fields, node) => run("resolve", { cause: fields.get("cause"), note: fields.get("note") || null }, node),
  );
  const node = h(
    "div",
    { class: "alert-actions", role: "group", "aria-label": `Alert ${alert.id}` },
    acknowledge, comment.opener, resolve.opener, comment.node, resolve.node, trouble,
  );
  const update = (row) => {
    acknowledge.hidden = row.state !== "open";
  };
  return { node, update };
}

function form(name, controls, submit) {
  const node = h(
    "form",
    {
      hidden: true,
      onsubmit: (event) => {
        event.preventDefault();
        submit(new FormData(node), node);
      },
    },
    ...controls,
    h("button", { type: "submit", class: "quiet" }, name === "Comment" ? "Send" : "Close the alert"),
  );
  const open = () => {
    node.hidden = !node.hidden;
    if (!node.hidden) controls[0].focus();
  };
  return { node, opener: h("button", { type: "button", class: "quiet", onclick: open }, name) };
}
