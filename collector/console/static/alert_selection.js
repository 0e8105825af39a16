// Dealing with several alerts at once: boxes to choose them by, and a bar that says how many and what can be done.

import { actOnMany } from "./api.js";
import { CAUSES } from "./alert_actions.js";
import { h, setText } from "./dom.js";

/** Keeps the bar inside `parent`; `done` is called after each change. */
export class Selection {
  #boxes = new Map();
  #chosen = new Set();
  #done;
  #all = h("input", { type: "checkbox", onchange: () => this.#chooseAll() });
  #count = h("span", { role: "status" });
  #trouble = h("p", { class: "notice", role: "alert", hidden: true });
  #cause = h("select", { "aria-label": "Cause for all that are chosen" }, CAUSES.map(([value, text]) => h("option", { value }, text)));
  #acts;
  #bar;

  constructor(parent, done) {
    this.#done = done;
    const button = (name, run) => h("button", { type: "button", class: "quiet", onclick: run }, name);
    this.#acts = h(
      "span",
      { class: "alert-actions" },
      button("Acknowledge all chosen", () => this.#run({ action: "acknowledge" })),
      this.#cause,
      button("Resolve all chosen", () => this.#run({ action: "resolve", cause: this.#cause.value })),
    );
    const label = h("label", { class: "choice" }, this.#all, "All");
    this.#bar = h("div", { class: "selection", role: "group", "aria-label": "Several alerts" }, label, this.#count, this.#acts);
    parent.prepend(this.#bar, this.#trouble);
    this.#show();
  }

  /** The box of an alert, to put into its card. */
  box({ id, title, site, panel_id: panel }) {
    const where = panel ? `${site} / ${panel}` : site;
    const box = h("input", { type: "checkbox", "data-key": "x", "aria-label": `Choose ${title}, ${where}`, onchange: () => this.#choose(id, box.checked) });
    this.#boxes.set(id, box);
    return h("label", { class: "choice" }, box);
  }

  /** Forgets alerts that are not listed any more. */
  keep(alerts) {
    const listed = new Set(alerts.map(({ id }) => id));
    for (const id of this.#boxes.keys()) {
      if (listed.has(id)) continue;
      this.#boxes.delete(id);
      this.#chosen.delete(id);
    }
    this.#show();
  }

  #choose(id, isChosen) {
    if (isChosen) this.#chosen.add(id);
    else this.#chosen.delete(id);
    this.#show();
  }

  #chooseAll() {
    this.#chosen = new Set(this.#all.checked ? this.#boxes.keys() : []);
    this.#show();
  }

  #show() {
    const { size } = this.#chosen;
    for (const [id, box] of this.#boxes) box.checked = this.#chosen.has(id);
    this.#all.checked = size > 0 && size === this.#boxes.size;
    this.#all.indeterminate = size > 0 && size < this.#boxes.size;
    setText(this.#count, size ? `${size} chosen` : "");
    this.#acts.hidden = size === 0;
    this.#bar.hidden = this.#boxes.size === 0;
  }

  async #run(body) {
    this.#trouble.hidden = true;
    try {
      const { done, refused } = await actOnMany([...this.#chosen], body);
      for (const { id } of done) this.#chosen.delete(id);
      const why = [...new Set(refused.map(({ detail }) => detail))].join("; ");
      if (refused.length) this.#tell(`${done.length} done, ${refused.length} not: ${why}.`);
      await this.#done();
    } catch (error) {
      this.#tell(error.message);
    }
  }

  #tell(text) {
    setText(this.#trouble, text);
    this.#trouble.hidden = false;
  }
}
