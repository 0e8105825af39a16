// Reading a chart: the tip under the cursor, the legend, and the keyboard.

import { h, s, setText } from "./dom.js";
import { NONE, number } from "./format.js";
import { bucketTime } from "./ranges.js";
import { lastIndex } from "./series.js";

const SAY_AFTER_MS = 300;
const DAY = 86_400;

/** A line's sample: colour and dash. */
function swatch({ tone, dash }) {
  const line = s("path", { d: "M1 4h20", "stroke-width": 2.4, "stroke-dasharray": dash.join(" ") });
  return s("svg", { class: "swatch", "data-tone": tone, viewBox: "0 0 22 8", width: 22, height: 8, "aria-hidden": "true" }, line);
}

/** The names of the lines, for charts too narrow to write them at the lines' ends. */
export const legend = (lines) =>
  h("ul", { class: "legend" }, lines.map((line) => h("li", {}, swatch(line), line.label)));

/** The value at an index, or at the nearest earlier time that is this series' own. */
function valueAt(u, column, index) {
  let i = index;
  while (i > 0 && u.data[column][i] === undefined) i -= 1;
  return u.data[column][i];
}

/** The box beside the cursor; what it shows is also said, when the chart has the focus. */
export class Tip {
  #box = h("div", { class: "tip", hidden: true });
  #said;
  #timer = null;

  constructor(said) {
    this.#said = said;
  }

  attach(u) {
    u.over.append(this.#box);
  }

  /** Follows the cursor of `u`; `lines` as the chart placed them. */
  follow(u, lines, { unit, decimals, zone, step }) {
    const { left, idx } = u.cursor;
    const t = u.data[0][idx];
    this.#box.hidden = left == null || left < 0 || t == null;
    if (this.#box.hidden) return;
    const { min, max } = u.scales.x;
    const time = bucketTime(t, { step, dated: max - min >= DAY }, zone);
    const figure = (value) => (value == null ? NONE : `${number(value, decimals)} ${unit}`);
    const read = lines.map((line) => [line, figure(valueAt(u, line.column, idx))]);
    this.#box.replaceChildren(
      h("b", {}, time),
      ...read.map(([line, text]) => h("span", { class: "tip-row" }, swatch(line), line.label, h("b", {}, text))),
    );
    const width = this.#box.offsetWidth;
    const flip = left > u.over.clientWidth - width - 24;
    this.#box.style.transform = `translate(${Math.max(0, flip ? left - width - 14 : left + 14)}px, 8px)`;
    this.#say(`${time}: ${read.map(([{ label }, text]) => `${label} ${text}`).join(", ")}`, u);
  }

  #say(text, u) {
    if (!u.root.parentElement.matches(":focus")) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => setText(this.#said, text), SAY_AFTER_MS);
  }
}

/** Handles a key: moves the cursor by buckets, or zooms by `zoom([from, to] or null)` inside [start, end]. */
export function readByKey(event, u, [start, end], zoom) {
  const last = lastIndex(u.data[1]);
  const page = Math.max(1, Math.round(u.data[0].length / 10));
  const from = u.cursor.idx ?? last;
  const moves = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from - page, PageDown: from + page, Home: 0, End: last };
  if (event.key in moves) moveTo(u, Math.min(Math.max(moves[event.key], 0), u.data[0].length - 1));
  else if (event.key === "Escape") u.setCursor({ left: -10, top: -10 });
  else if (event.key === "0") zoom(null);
  else if (event.key === "+" || event.key === "-") zoom(scaled(u, start, end, event.key === "+" ? 0.5 : 2));
  else return;
  event.preventDefault();
}

/** Puts the cursor on a bucket; the middle of the first may lie before the range, and of the last after it. */
function moveTo(u, index) {
  const left = Math.min(Math.max(u.valToPos(u.data[0][index], "x"), 0), u.over.clientWidth);
  u.setCursor({ left, top: u.over.clientHeight / 2 });
}

/** The window `factor` times as wide around the cursor; null when that is all of it. */
function scaled(u, start, end, factor) {
  const { min, max } = u.scales.x;
  const half = Math.max(120, ((max - min) / 2) * factor);
  if (half * 2 >= end - start) return null;
  const wanted = u.data[0][u.cursor.idx] ?? (min + max) / 2;
  const middle = Math.min(Math.max(wanted, start + half), end - half);
  return [middle - half, middle + half];
}
