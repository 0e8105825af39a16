// A table that is kept up to date row by row; on a phone it scrolls inside its card.

import { h, Keyed, setAttribute, setText } from "./dom.js";

/**
 * Keeps a table inside `parent`. `columns` are {label, number, text(row), title(row), href(row)}; the first names the
 * row. A label that the rows decide is a function of them.
 * `empty` is said when there are no rows.
 */
export class RowTable {
  #scroll;
  #empty;
  #rows;
  #heads;

  constructor(parent, { label, columns, key, empty }) {
    const body = h("tbody");
    const head = (column) => [column, h("th", { scope: "col", class: column.number && "number" })];
    this.#heads = columns.map(head);
    const table = h("table", { class: "rows" }, h("thead", {}, h("tr", {}, this.#heads.map(([, cell]) => cell))), body);
    this.#scroll = h("div", { class: "scrolling", tabindex: 0, role: "region", "aria-label": label }, table);
    this.#empty = h("p", { class: "empty" }, empty);
    this.#scroll.hidden = true;
    this.#empty.hidden = true;
    this.#rows = new Keyed(body, key, () => row(columns));
    parent.append(this.#scroll, this.#empty);
  }

  show(rows) {
    for (const [{ label }, cell] of this.#heads) setText(cell, typeof label === "function" ? label(rows) : label);
    this.#rows.show(rows);
    this.#scroll.hidden = rows.length === 0;
    this.#empty.hidden = rows.length > 0;
  }
}

function row(columns) {
  const cells = columns.map((column, i) =>
    i ? h("td", { class: column.number && "number" }) : h("th", { scope: "row" }),
  );
  const texts = columns.map((column, i) => (column.href ? cells[i].appendChild(h("a")) : cells[i]));
  const update = (values) =>
    columns.forEach((column, i) => {
      setText(texts[i], column.text(values));
      if (column.href) setAttribute(texts[i], "href", column.href(values));
      setAttribute(cells[i], "title", column.title?.(values));
    });
  return { node: h("tr", {}, cells), update };
}
