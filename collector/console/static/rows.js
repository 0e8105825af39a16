// The rows of a page's main table, one of which may be the current one: that with the focus.

import { byId } from "./dom.js";

const { rows: SELECTOR } = byId("main").dataset;

/** What takes the focus for a row: the link that opens it, if it has one. */
function handle(row) {
  const link = row.matches("a") ? row : row.querySelector("a");
  if (!link) row.tabIndex = -1;
  return link ?? row;
}

/** Moves the focus from row to row. */
export class Rows {
  /** Where the focus was last: a row that went away leaves its place to the next. */
  #place = 0;

  get #all() {
    return SELECTOR ? [...document.querySelectorAll(SELECTOR)] : [];
  }

  /** The row that holds the focus, if one does. */
  get current() {
    return this.#all.find((row) => row.contains(document.activeElement));
  }

  /** Goes on by `step` rows, or from outside back to where the focus was. */
  move(step) {
    const rows = this.#all;
    if (!rows.length) return;
    const at = rows.indexOf(this.current);
    this.#place = Math.min(Math.max(at < 0 ? this.#place : at + step, 0), rows.length - 1);
    handle(rows[this.#place]).focus({ focusVisible: true });
  }

  /** Clicks what the current row has for `key`, if it has it now. */
  act(key) {
    const control = this.current?.querySelector(`[data-key="${key}"]`);
    if (control && !control.closest("[hidden]")) control.click();
  }
}
