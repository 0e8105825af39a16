// A live time chart: uPlot draws it, this adds what uPlot has not: the theme, reading by touch and keyboard, a
// caption in words, and the same figures as a table.

import { h, setText } from "./dom.js";
import { FigureTable } from "./figure_table.js";
import { dayMonth, hourMinute, number } from "./format.js";
import { endsWidth, faded, glow, guide, hatch, markEnds, raiseFlags, shadeNights, token } from "./paint.js";
import { legend, readByKey, Tip } from "./reading.js";
import { alone } from "./series.js";

const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const NARROW = 560;
const MOST_NAMED = 6;
/** Half of the longest label of the time axis, which may be the last thing on it: "30 Sept". */
const LABEL_ROOM = 28;
const HALF_DAY = 43_200;
const dark = matchMedia("(prefers-color-scheme: dark)");
const localDate = (zone) => (t) => (zone ? uPlot.tzDate(new Date(t * 1e3), zone) : new Date(t * 1e3));

/**
 * Options: label, unit, decimals, zone (the viewer's when null), height, atLeast (height of the scale over a flat
 * zero), floating (the scale need not start at zero), sync (a name shared by charts whose cursors move together),
 * guides (values to mark by a line across, where the scale has them), bars (columns instead of lines).
 */
export class TimeChart {
  #options;
  #plot = null;
  #host;
  #tip;
  #caption = h("figcaption");
  #legend = h("div");
  #table = new FigureTable();
  #lines = [];
  #behind = { nights: [], spans: [], flags: [] };
  #window = [0, 1];
  #zoomed = false;

  constructor(parent, options) {
    this.#options = { height: 260, decimals: 1, zone: null, atLeast: 1, ...options };
    const said = h("p", { class: "unseen", "aria-live": "polite" });
    this.#tip = new Tip(said);
    this.#host = h("div", {
      class: "plot",
      tabindex: 0,
      role: "img",
      "aria-label": `${options.label}. Arrow keys read values, plus and minus zoom, 0 shows all.`,
    });
    parent.append(h("figure", { class: "chart" }, this.#host, this.#legend, this.#caption, said, this.#table.node));
    this.#host.addEventListener("keydown", (event) => {
      if (this.#plot) readByKey(event, this.#plot, this.#window, (range) => this.#zoom(range));
    });
    this.#host.addEventListener("dblclick", () => this.#zoom(null));
    dark.addEventListener("change", () => this.#plot?.redraw(false));
    new ResizeObserver(() => this.#resize()).observe(this.#host);
  }

  /**
   * Shows [start, end] in seconds.
   * lines: [{label, tone, band}], `tone` a custom property's name, `band` true for min and max around the mean.
   * data: times, then per line avg, or avg, min, max where it has a band.
   * `zone`: where the times are read, if it is known only now; `step`: how long a point stands for, in seconds.
   * Behind the lines: nights [[from, to]], spans [{from, to, tone}], flags [{at, tone}].
   */
  show({ lines, data, start, end, step, caption, zone, nights = [], spans = [], flags = [] }) {
    if (zone !== undefined && zone !== this.#options.zone) {
      this.#options.zone = zone;
      this.#lines = null;
    }
    this.#options.step = step;
    this.#behind = { nights, spans, flags };
    this.#window = [start, end];
    if (this.#plot && JSON.stringify(lines) === JSON.stringify(this.#lines)) this.#plot.setData(data, false);
    else this.#build(lines, data);
    if (this.#zoomed) this.#plot.redraw();
    else this.#plot.setScale("x", { min: start, max: end });
    setText(this.#caption, caption);
    this.#table.show(this.#columns(), data, this.#options);
  }

  /** The lines with their first column, dash and colour of the present theme. */
  #placed() {
    let column = 1;
    return this.#lines.map((line, i) => {
      const placed = { ...line, column, dash: DASHES[i % DASHES.length], hex: token(line.tone) };
      column += line.band ? 3 : 1;
      return placed;
    });
  }

  #columns() {
    const words = ["mean", "min", "max"];
    return this.#placed().flatMap(({ label, column, band }) =>
      band
        ? words.map((word, i) => ({ label: word, column: column + i }))
        : [{ label, column }],
    );
  }

  #build(lines, data) {
    this.#plot?.destroy();
    this.#lines = lines;
    this.#legend.replaceChildren(legend(this.#placed()));
    this.#plot = new uPlot(this.#settings(), data, this.#host);
    this.#tip.attach(this.#plot);
    this.#showLegend();
  }

  #settings() {
    return {
      width: this.#width,
      height: this.#height,
      tzDate: localDate(this.#options.zone),
      legend: { show: false },
      padding: [14, (u) => (this.#isNamed ? endsWidth(u, this.#lines) : LABEL_ROOM), 0, 0],
      cursor: this.#cursor(),
      scales: { x: { time: true }, y: { range: (_u, low, high) => this.#range(low, high) } },
      axes: this.#axes(),
      ...this.#series(),
      hooks: {
        drawClear: [(u) => shadeNights(u, this.#behind.nights), (u) => hatch(u, this.#behind.spans), (u) => guide(u, this.#options)],
        draw: [(u) => raiseFlags(u, this.#behind.flags), (u) => this.#options.bars || markEnds(u, this.#placed(), this.#isNamed)],
        setCursor: [(u) => this.#tip.follow(u, this.#placed(), this.#options)],
        setSelect: [(u) => this.#select(u)],
      },
    };
  }

  #series() {
    const series = [{}];
    const bands = [];
    const edge = { stroke: "transparent", width: 0, points: { show: false } };
    for (const { tone, column, band, dash } of this.#placed()) {
      const opacity = band || this.#lines.length > 1 ? 0.14 : 0.26;
      const fill = (u) => glow(u, token(tone), opacity);
      series.push({ stroke: () => token(tone), fill, width: 2, dash, paths: this.#options.bars && uPlot.paths.bars({ size: [0.7, 60] }), points: { show: !this.#options.bars, size: 5, filter: (u, i) => alone(u.data[i]) } });
      if (!band) continue;
      series.push(edge, edge);
      bands.push({ series: [column + 2, column + 1], fill: () => faded(token(tone), 0.2) });
    }
    return { series, bands };
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
    const space = this.#height < 220 ? 28 : 44;
    return [
      { ...text, grid: { show: false }, space: 64, size: 30, values: (_u, splits) => this.#times(splits) },
      { ...text, grid, space, size: 48, values: (_u, splits) => ticks(splits) },
    ];
  }

  #times(splits) {
    const { zone } = this.#options;
    const days = splits[1] - splits[0] >= HALF_DAY;
    return splits.map((t) => {
      if (days) return dayMonth(t * 1e3, zone);
      const time = hourMinute(t * 1e3, zone);
      return time === "00:00" ? dayMonth(t * 1e3, zone) : time;
    });
  }

  #range(low, high) {
    const { floating, atLeast } = this.#options;
    if (low == null) return [0, atLeast];
    const room = Math.max((high - low) * 0.12, atLeast / 2);
    return floating ? [low - room, high + room] : [Math.min(0, low), Math.max(high * 1.1, atLeast)];
  }

  get #width() {
    return Math.max(200, this.#host.clientWidth);
  }

  get #height() {
    return this.#width < NARROW ? Math.min(200, this.#options.height) : this.#options.height;
  }

  /** True where the lines' names are written at their ends: there is room, and no chart below to stay in line with. */
  get #isNamed() {
    return !this.#options.sync && this.#width >= NARROW && this.#lines.length > 1 && this.#lines.length <= MOST_NAMED;
  }

  #showLegend() {
    this.#legend.hidden = this.#isNamed || this.#lines.length < 2;
  }

  #resize() {
    if (!this.#plot || this.#plot.width === this.#width) return;
    this.#plot.setSize({ width: this.#width, height: this.#height });
    this.#showLegend();
  }

  #select(u) {
    const { left, width } = u.select;
    if (width > 8) this.#zoom([u.posToVal(left, "x"), u.posToVal(left + width, "x")]);
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  #zoom(range) {
    this.#zoomed = range != null;
    const [min, max] = range ?? this.#window;
    this.#plot?.setScale("x", { min, max });
  }
}

function ticks(splits) {
  const step = splits[1] - splits[0];
  return splits.map((value) => number(value, step >= 1 ? 0 : step >= 0.1 ? 1 : 2));
}
