// What every page shares: headline figures, the alert counter, errors inside the block that failed.

import { byId, h, Keyed, setAttribute, setText } from "./dom.js";

/** Headline figures inside `parent`; show([{label, value, unit, note}]). */
export class Figures {
  #figures;

  constructor(parent) {
    const list = h("dl", { class: "figures-row" });
    parent.append(list);
    this.#figures = new Keyed(list, ({ label }) => label, ({ label }) => {
      const value = h("span", { class: "value" });
      const unit = h("span", { class: "unit" });
      const note = h("dd", { class: "note" });
      const node = h("div", { class: "figure" }, h("dt", {}, label), h("dd", {}, value, " ", unit), note);
      const update = (figure) => {
        setText(value, figure.value);
        setText(unit, figure.unit ?? "");
        if (figure.mark) {
          if (note.firstChild !== figure.mark) note.replaceChildren(figure.mark);
        } else setText(note, figure.note ?? "");
      };
      return { node, update };
    });
  }

  show(figures) {
    this.#figures.show(figures);
  }
}

/** Shows how many alerts are open in the navigation and the window's title. */
export function countAlerts(open) {
  const counter = byId("alert-count");
  counter.hidden = open === 0;
  setText(counter, String(open));
  setAttribute(counter, "aria-label", `${open} open`);
  const plain = document.title.replace(/^\(\d+\) /, "");
  const title = open ? `(${open}) ${plain}` : plain;
  if (document.title !== title) document.title = title;
}

const SAY_EVERY_MS = 60_000;
let known = null;
let saidAt = -Infinity;

/** Tells assistive technology of new alerts: one sentence, at most once a minute. */
export function announce(open) {
  const fresh = known ? open.filter(({ id }) => !known.has(id)) : [];
  if (fresh.length && performance.now() - saidAt < SAY_EVERY_MS) return;
  known = new Set(open.map(({ id }) => id));
  if (!fresh.length) return;
  saidAt = performance.now();
  const more = fresh.length > 1 ? ` and ${fresh.length - 1} more` : "";
  setText(byId("announce"), `New alert: ${fresh[0].title}, ${fresh[0].site}${more}`);
}

/** Returns an error handler that says in `block` what failed and keeps the figures that are there. */
export function failing(block) {
  const notice = h("p", { class: "notice", role: "alert" });
  return {
    onError: (error) => {
      const text = error.status ? error.message : "The collector does not answer; figures are from the last answer.";
      setText(notice, text);
      if (!notice.isConnected) block.prepend(notice);
    },
    clear: () => notice.remove(),
  };
}
