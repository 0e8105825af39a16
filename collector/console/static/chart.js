// A live time chart: uPlot draws it, this adds what uPlot has not: theme, touch and keyboard reading, a caption
// in words, and the same figures as a table.

import { h, setText } from "./dom.js";
import { dayMonth, hourMinute, number } from "./format.js";
import { faded, glow, hatch, markEnds, shadeNights, token } from "./paint.js";
import { lastIndex } from "./series.js";
import { FigureTable } from "./figure_table.js";

const SAY_AFTER_MS = 300;
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const dark = matchMedia("(prefers-color-scheme: dark)");
const localDate = (zone) => (t) => (zone ? uPlot.tzDate(new Date(t * 1e3), zone) : new Date(t * 1e3));

/**
 * lines: [{label, tone, band}] with `tone` a custom property's name, `band` true for a min-max band around it.
 * Data columns: time, then per line avg, or avg, min, max where it has a band.
 * Options: unit, decimals, zone, height, sync (a name shared by charts whose cursors move together).
 */
export class TimeChart {
  #options;
  #plot;
  #figure;
  #host;
  #tip;
  #said;
  #caption;
  #table;
  #lines = [];
  #nights = [];
  #spans = [];
  #window = [0, 1];
  #zoomed = false;
  #sayTimer = null;

  constructor(parent, options) {
    this.#options = { height: 260, decimals: 1, zone: null, ...options };
    this.#tip = h("div", { class: "tip", hidden: true });
    this.#said = h("p", { class: "unseen", "aria-live": "polite" });
    this.#caption = h("figcaption");
    this.#host = h("div", {
      class: "plot",
      tabindex: 0,
      role: "img",
      "aria-label": `${options.label}. Arrow keys read values, plus and minus zoom, 0 shows all.`,
    });
    this.#table = new FigureTable();
    this.#figure = h("figure", { class: "chart" }, this.#host, this.#caption, this.#said, this.#table.node);
    parent.append(this.#figure);
    this.#host.addEventListener("keydown", (event) => this.#key(event));
    this.#host.addEventListener("dblclick", () => this.#zoom(null));
    dark.addEventListener("change", () => this.#plot?.redraw(false));
    new ResizeObserver(() => this.#resize()).observe(this.#host);
  }

  /** Shows data for [start, end] in seconds; `spans` and `nights` lie behind the lines. */
  show({ lines, data, start, end, caption, nights = [], spans = [] }) {
    this.#nights = nights;
    this.#spans = spans;
    this.#window = [start, end];
    const same = JSON.stringify(lines) === JSON.stringify(this.#lines);
    this.#lines = lines;
    if (!same || !this.#plot) this.#build(data);
    else this.#plot.setData(data, false);
    if (!this.#zoomed) this.#plot.setScale("x", { min: start, max: end });
    else this.#plot.redraw();
    setText(this.#caption, caption);
    this.#table.show(this.#columns(), data, this.#options);
  }

  /** Per line its first column in the data. */
  #placed() {
    let column = 1;
    return this.#lines.map((line, i) => {
      const placed = { ...line, column, dash: DASHES[i % DASHES.length], hex: token(line.tone) };
      column += line.band ? 3 : 1;
      return placed;
    });
  }

  #columns() {
    return this.#placed().flatMap(({ label, column, band }) =>
      band
        ? [["mean", column], ["min", column + 1], ["max", column + 2]].map(([word, at]) => ({
            label: this.#lines.length > 1 ? `${label} ${word}` : word,
            column: at,
          }))
        : [{ label, column }],
    );
  }

  #build(data) {
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#settings(), data, this.#host);
    this.#plot.over.append(this.#tip);
  }

  #settings() {
    const placed = this.#placed();
    const quiet = { show: true, stroke: "transparent", width: 0, points: { show: false } };
    const series = [{}];
    const bands = [];
    for (const { tone, column, band, dash } of placed) {
      const stroke = () => token(tone);
      const fill = band ? undefined : (u) => glow(u, token(tone), placed.length > 2 ? 0.12 : 0.26);
      series.push({ stroke, fill, width: 2, dash, points: { show: false } });
      if (!band) continue;
      series.push(quiet, quiet);
      bands.push({ series: [column + 2, column + 1], fill: () => faded(token(tone), 0.2) });
    }
    return {
      width: this.#width,
      height: this.#height,
      tzDate: localDate(this.#options.zone),
      legend: { show: false },
      padding: [14, () => (this.#namesLines ? 96 : 14), 0, 0],
      cursor: this.#cursor(),
      scales: { x: { time: true }, y: { range: (_u, low, high) => this.#range(low, high) } },
      axes: this.#axes(),
      series,
      bands,
      hooks: {
        drawClear: [(u) => shadeNights(u, this.#nights), (u) => hatch(u, this.#spans)],
        draw: [(u) => markEnds(u, this.#placed(), this.#namesLines)],
        setCursor: [(u) => this.#point(u)],
        setSelect: [(u) => this.#select(u)],
      },
    };
  }

  #cursor() {
    const { sync } = this.#options;
    return {
      y: false,
      points: { size: 9 },
      drag: { x: true, y: false, setScale: false },
      ...(sync && { sync: { key: sync, scales: ["x", null] } }),
    };
  }

  #axes() {
    const text = { stroke: () => token("--muted"), font: `12px ${token("--font")}`, ticks: { show: false } };
    const grid = { stroke: () => token("--grid"), width: 1 };
    return [
      { ...text, grid: { show: false }, space: 64, size: 30, values: (_u, splits) => this.#times(splits) },
      { ...text, grid, space: 44, size: 48, values: (_u, splits) => splits.map((value) => this.#tick(value, splits)) },
    ];
  }

  #tick(value, splits) {
    const step = splits[1] - splits[0];
    return number(value, step >= 1 ? 0 : step >= 0.1 ? 1 : 2);
  }

  #times(splits) {
    const { zone } = this.#options;
    return splits.map((t) => {
      const time = hourMinute(t * 1e3, zone);
      return time === "00:00" ? dayMonth(t * 1e3, zone) : time;
    });
  }

  /** Power starts at zero; other quantities (`floating`) fill the height. A flat zero keeps its place. */
  #range(low, high) {
    const { floating, atLeast = 1 } = this.#options;
    if (low == null) return [0, atLeast];
    const room = floating ? Math.max((high - low) * 0.12, atLeast / 2) : 0;
    return floating ? [low - room, high + room] : [Math.min(0, low), Math.max(high * 1.1, atLeast)];
  }

  get #width() {
    return Math.max(200, this.#host.clientWidth);
  }

  get #height() {
    return this.#width < 480 ? Math.min(200, this.#options.height) : this.#options.height;
  }

  get #namesLines() {
    return this.#width >= 560 && this.#lines.length > 1 && this.#lines.length <= 6;
  }

  #resize() {
    if (this.#plot && this.#plot.width !== this.#width) {
      this.#plot.setSize({ width: this.#width, height: this.#height });
    }
  }

  #point(u) {
    const { left, idx } = u.cursor;
    const t = u.data[0][idx];
    this.#tip.hidden = left == null || left < 0 || t == null;
    if (this.#tip.hidden) return;
    const { zone, decimals, unit } = this.#options;
    const time = hourMinute(t * 1e3, zone);
    const values = this.#placed().map((line) => ({ ...line, value: this.#valueAt(u, line.column, idx) }));
    this.#tip.replaceChildren(
      h("b", {}, time),
      ...values.map(({ label, tone, value }) =>
        h("span", { class: "tip-row", "data-tone": tone }, h("i"), `${label} `, h("b", {}, `${number(value, decimals)} ${unit}`)),
      ),
    );
    const flip = left > u.over.clientWidth - this.#tip.offsetWidth - 24;
    this.#tip.style.transform = `translate(${flip ? left - this.#tip.offsetWidth - 14 : left + 14}px, 8px)`;
    this.#say(`${time}: ${values.map(({ label, value }) => `${label} ${number(value, decimals)} ${unit}`).join(", ")}`);
  }

  /** The value at an index, or at the nearest earlier time that is this series' own. */
  #valueAt(u, column, idx) {
    let i = idx;
    while (i > 0 && u.data[column][i] === undefined) i -= 1;
    return u.data[column][i];
  }

  #say(text) {
    if (document.activeElement !== this.#host) return;
    clearTimeout(this.#sayTimer);
    this.#sayTimer = setTimeout(() => setText(this.#said, text), SAY_AFTER_MS);
  }

  #select(u) {
    const { left, width } = u.select;
    if (width > 8) this.#zoom([u.posToVal(left, "x"), u.posToVal(left + width, "x")]);
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  #zoom(range) {
    this.#zoomed = range != null;
    const [min, max] = range ?? this.#window;
    this.#plot.setScale("x", { min, max });
  }

  #key(event) {
    const u = this.#plot;
    const last = lastIndex(u.data[1]);
    const page = Math.max(1, Math.round(u.data[0].length / 10));
    const from = u.cursor.idx ?? last;
    const moves = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from - page, PageDown: from + page, Home: 0, End: last };
    if (event.key in moves) this.#moveTo(Math.min(Math.max(moves[event.key], 0), u.data[0].length - 1));
    else if (event.key === "Escape") u.setCursor({ left: -10, top: -10 });
    else if (event.key === "0") this.#zoom(null);
    else if (event.key === "+" || event.key === "-") this.#scaleBy(event.key === "+" ? 0.5 : 2);
    else return;
    event.preventDefault();
  }

  #moveTo(index) {
    const u = this.#plot;
    u.setCursor({ left: u.valToPos(u.data[0][index], "x"), top: u.over.clientHeight / 2 });
  }

  #scaleBy(factor) {
    const u = this.#plot;
    const { min, max } = u.scales.x;
    const middle = u.data[0][u.cursor.idx] ?? (min + max) / 2;
    const half = ((max - min) / 2) * factor;
    const [start, end] = this.#window;
    if (half * 2 >= end - start) this.#zoom(null);
    else if (half > 60) this.#zoom([Math.max(start, middle - half), Math.min(end, middle + half)]);
  }
}
