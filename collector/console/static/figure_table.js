// The same figures as a chart, as a table: newest first, a page at a time.

import { h, setText } from "./dom.js";
import { number } from "./format.js";
import { bucketTime } from "./ranges.js";

const PAGE_ROWS = 25;

/** A closed <details> whose table is filled only while it is open. */
export class FigureTable {
  #page = 0;
  #shown = null;
  #head = h("tr");
  #body = h("tbody");
  #where = h("span");
  #newer = h("button", { type: "button", class: "quiet", onclick: () => this.#turn(-1) }, "Newer");
  #older = h("button", { type: "button", class: "quiet", onclick: () => this.#turn(1) }, "Older");

  constructor() {
    this.node = h(
      "details",
      { class: "figures", ontoggle: () => this.#fill() },
      h("summary", {}, "Figures as a table"),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Figures" }, h("table", {}, h("thead", {}, this.#head), this.#body)),
      h("p", { class: "pager" }, this.#newer, this.#where, this.#older),
    );
  }

  /** columns: [{label, column}]; data: [times, ...columns]. */
  show(columns, data, { unit, decimals, zone, step }) {
    this.#shown = { columns, data, unit, decimals, zone, step };
    this.#fill();
  }

  #turn(by) {
    this.#page += by;
    this.#fill();
  }

  #fill() {
    if (!this.node.open || !this.#shown) return;
    const { columns, data, unit, decimals, zone, step } = this.#shown;
    const filled = data[0].map((_, i) => i).filter((i) => columns.some(({ column }) => data[column][i] != null));
    const pages = Math.max(1, Math.ceil(filled.length / PAGE_ROWS));
    this.#page = Math.min(Math.max(this.#page, 0), pages - 1);
    const rows = filled.reverse().slice(this.#page * PAGE_ROWS, (this.#page + 1) * PAGE_ROWS);
    this.#head.replaceChildren(
      h("th", { scope: "col" }, "Time"),
      ...columns.map(({ label }) => h("th", { scope: "col", class: "number" }, `${label}, ${unit}`)),
    );
    this.#body.replaceChildren(
      ...rows.map((i) => {
        const time = bucketTime(data[0][i], { step, dated: true }, zone);
        return h(
          "tr",
          {},
          h("th", { scope: "row" }, time),
          ...columns.map(({ column }) => h("td", { class: "number" }, number(data[column][i], decimals))),
        );
      }),
    );
    setText(this.#where, `Page ${this.#page + 1} of ${pages}`);
    this.#newer.disabled = this.#page === 0;
    this.#older.disabled = this.#page === pages - 1;
  }
}
