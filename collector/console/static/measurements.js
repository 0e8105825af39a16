// Four quantities of a panel on one time axis, so that one sees which of them moved; its power beside what it is
// compared with.

import { panelBuckets, panelCompared, serverNow } from "./api.js";
import { TimeChart } from "./chart.js";
import { h } from "./dom.js";
import { number, withoutNoise } from "./format.js";
import { bucketWhen, ChoiceButtons, middleOf, RANGES, RangeButtons } from "./ranges.js";
import { Buckets, lastIndex, table } from "./series.js";

const QUANTITIES = [
  { title: "Power", unit: "W", decimals: 0, names: ["avg_power", "min_power", "max_power"], tone: "--line-1", height: 220, atLeast: 20 },
  { title: "Voltage", unit: "V", decimals: 1, names: ["avg_voltage"], tone: "--line-2", height: 150, atLeast: 2, floating: true },
  { title: "Current", unit: "A", decimals: 2, names: ["avg_current"], tone: "--line-3", height: 150, atLeast: 0.5 },
  { title: "Temperature", unit: "°C", decimals: 1, names: ["avg_temperature"], tone: "--line-4", height: 150, atLeast: 2, floating: true },
];

const COMPARISONS = [
  { label: "Siblings", key: "siblings", line: "Siblings' median" },
  { label: "Yesterday", key: "yesterday", line: "The day before" },
  { label: "Last year", key: "last_year", line: "A year before" },
  { label: "None", key: null },
];

/** Keeps the charts inside `parent`; `onChoose()` is called when another range or comparison is chosen. */
export class Measurements {
  #place;
  #charts;
  #ranges;
  #comparisons;

  constructor(parent, { site, panel }, onChoose) {
    this.#place = { site, panel };
    this.#ranges = new RangeButtons(RANGES[1], onChoose);
    this.#comparisons = new ChoiceButtons("Compare power with", COMPARISONS, COMPARISONS[0], onChoose);
    parent.append(h("div", { class: "title-row" }, h("h2", {}, "Measurements"), this.#comparisons.node, this.#ranges.node));
    this.#charts = QUANTITIES.map((quantity) => {
      const part = h("section", { class: "multiple" }, h("h3", {}, quantity.title, " ", h("small", {}, quantity.unit)));
      parent.append(part);
      return new TimeChart(part, { ...quantity, label: `${quantity.title} of ${panel}`, sync: "panel" });
    });
  }

  /** The range that is shown. */
  get range() {
    return this.#ranges.chosen;
  }

  /** Asks for the range and draws it, in `zone`, with alerts' spans behind; false when another was chosen meanwhile. */
  async refresh({ spans, zone }) {
    const range = this.#ranges.chosen;
    const comparison = this.#comparisons.chosen;
    const end = Math.floor(serverNow() / 1000);
    const when = { start: end - range.seconds, end, interval: range.interval };
    const { site, panel } = this.#place;
    const [rows, compared] = await Promise.all([
      panelBuckets(site, panel, when.start, end, range.interval),
      comparison.key ? panelCompared(this.#place, when, comparison.key) : { t: [], compare: [] },
    ]);
    if (range !== this.#ranges.chosen || comparison !== this.#comparisons.chosen) return false;
    const [own, other] = [new Buckets(), new Buckets()];
    const names = QUANTITIES.flatMap((quantity) => quantity.names);
    const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
    own.take({ t: rows.map(({ t }) => middleOf(t, range, end)), ...columns }, true);
    other.take({ t: compared.t.map((t) => middleOf(t, range, end)), avg: compared.compare }, true);
    QUANTITIES.forEach((quantity, i) => this.#draw(i, { own, other, comparison, range, end, spans, zone }));
    return true;
  }

  #draw(i, { own, other, comparison, range, end, spans, zone }) {
    const { title, names, tone } = QUANTITIES[i];
    const beside = i === 0 && comparison.key != null && other.lastTime != null;
    const wanted = names.map((name) => [own, name, 1]);
    const data = table(beside ? [...wanted, [other, "avg", 1]] : wanted);
    const lines = [{ label: title, tone, band: names.length > 1 }];
    if (beside) lines.push({ label: comparison.line, tone: "--line-8" });
    const start = end - range.seconds;
    this.#charts[i].show({ lines, data, start, end, step: range.step, spans, zone, caption: caption(QUANTITIES[i], data, { range, end, zone }) });
  }
}

/** Says between which values it was: the lowest and highest reading where they are known, else means, and says so. */
function caption({ title, unit, decimals, names }, [t, ...columns], { range, end, zone }) {
  const [means] = columns;
  const last = lastIndex(means);
  if (last < 0) return `${title}: no reading in ${range.words}.`;
  const hasBand = names.length > 1;
  // Power alone has a band.
  const figure = (value) => number(hasBand ? withoutNoise(value) : value, decimals);
  const known = (hasBand ? columns.slice(1, 3) : [means]).flat().filter((value) => value != null);
  const mean = range.mean ? `${range.mean} ` : "";
  const between = `${figure(lowest(known))} to ${figure(highest(known))} ${unit}`;
  const newest = `${figure(means[last])} ${unit} ${bucketWhen(t[last], range, end, zone)}`;
  return `${title} in ${range.words}: ${hasBand ? "" : mean}${between}; newest ${mean}${newest}.`;
}

const lowest = (values) => values.reduce((a, b) => Math.min(a, b));
const highest = (values) => values.reduce((a, b) => Math.max(a, b));
