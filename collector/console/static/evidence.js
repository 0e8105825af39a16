// Why an alert was told of a panel, or was not: what detection made of each minute of sun.

import { panelWindows, serverNow } from "./api.js";
import { TimeChart } from "./chart.js";
import { h, setText } from "./dom.js";
import { number } from "./format.js";
import { bucketWhen, middleOf } from "./ranges.js";
import { Buckets, lastIndex, table } from "./series.js";

const MINUTE = 60;
/** Windows are a minute long: of more days there would be more than one answer holds. */
const LONGEST_SECONDS = 7 * 86_400;
/** A window older than this says nothing of now. */
const RECENT_MS = 15 * 60_000;

const QUANTITIES = [
  {
    name: "residual",
    title: "Voltage residual",
    about: "against what its current and temperature imply; a shorted third of the cells is −33 %",
    decimals: 1,
    tone: "--line-5",
    atLeast: 10,
    guides: [0, -33, -67],
    value: ({ voltage_residual_share: share }) => share,
  },
  {
    name: "ratio",
    title: "Peer ratio",
    about: "power against the siblings and the usual share of it; 100 % is as usual",
    decimals: 0,
    tone: "--line-6",
    atLeast: 20,
    guides: [100],
    value: ({ power_against_siblings_share: share }) => (share == null ? null : 1 + share),
  },
  {
    name: "probability",
    title: "Fault probability",
    about: "by the model",
    decimals: 0,
    tone: "--line-7",
    atLeast: 100,
    guides: [50],
    fixed: true,
    value: ({ probability }) => probability,
  },
];

/** Keeps the charts of residual, peer ratio and probability inside `parent`. */
export class Evidence {
  #charts;
  #parts;
  #note = h("p", { class: "empty", hidden: true });
  #rows = [];
  #place;

  constructor(parent, { site, panel }) {
    this.#place = { site, panel };
    parent.append(this.#note);
    this.#parts = QUANTITIES.map(({ title, about }) =>
      h("section", { class: "multiple" }, h("h3", {}, `${title} `, h("small", {}, `% ${about}`))),
    );
    parent.append(...this.#parts);
    this.#charts = QUANTITIES.map(
      ({ title, decimals, atLeast, guides, fixed }, i) =>
        new TimeChart(this.#parts[i], {
          label: `${title} of ${panel}`,
          unit: "%",
          decimals,
          atLeast,
          guides,
          floating: !fixed,
          height: 150,
          sync: "panel",
        }),
    );
  }

  /** The newest window, if it says something of now; null without one. */
  get newest() {
    const row = this.#rows.at(-1);
    return row && serverNow() - row.timestamp < RECENT_MS ? row : null;
  }

  /** Asks for the windows of `range` and draws them, in `zone`, with alerts' spans behind. */
  async refresh(range, { spans, zone }) {
    const end = Math.floor(serverNow() / 1000);
    const start = end - range.seconds;
    const tooLong = range.seconds > LONGEST_SECONDS;
    const rows = tooLong ? [] : await panelWindows(this.#place, { start, end });
    this.#rows = rows;
    const empty = tooLong
      ? "Evidence is kept by the minute: choose 7 days or less to see it."
      : `No minute with enough sun for a verdict in ${range.words}.`;
    setText(this.#note, empty);
    this.#note.hidden = rows.length > 0;
    const buckets = new Buckets();
    const columns = QUANTITIES.map(({ name, value }) => [name, rows.map((row) => percent(value(row)))]);
    buckets.take({ t: rows.map(({ timestamp }) => middleOf(timestamp / 1000, { step: MINUTE }, end)), ...Object.fromEntries(columns) }, true);
    QUANTITIES.forEach((quantity, i) => {
      const shown = table([[buckets, quantity.name, 1]]);
      this.#parts[i].hidden = lastIndex(shown[1]) < 0;
      if (this.#parts[i].hidden) return;
      const lines = [{ label: quantity.title, tone: quantity.tone }];
      this.#charts[i].show({ lines, data: shown, start, end, spans, zone, caption: caption(quantity, shown, { range, end, zone }) });
    });
  }
}

const percent = (share) => (share == null ? null : 100 * share);

function caption({ title, decimals }, [t, values], { range, end, zone }) {
  const last = lastIndex(values);
  const known = values.filter((value) => value != null);
  const figure = (value) => `${number(value, decimals)} %`;
  return `${title} in ${range.words}: ${figure(Math.min(...known))} to ${figure(Math.max(...known))}; newest ${figure(values[last])} ${bucketWhen(t[last], { ...range, step: MINUTE }, end, zone)}.`;
}
