// The energy of a site's own days as columns.

import { serverNow, siteSeries } from "./api.js";
import { TimeChart } from "./chart.js";
import { dayMonth, kilowattHours, percent } from "./format.js";
import { lastIndex } from "./series.js";

const DAYS = 30;
const DAY = 86_400;

/** Keeps the chart inside `parent`. */
export class DailyEnergy {
  #parent;
  #site;
  #chart = null;

  constructor(parent, site) {
    this.#parent = parent;
    this.#site = site;
  }

  /** Asks for the last days and draws them; `zone` is the site's. */
  async refresh(zone) {
    const now = Math.floor(serverNow() / 1000);
    const { t, avg, coverage } = await siteSeries(this.#site, "energy", { start: now - (DAYS - 1) * DAY, end: now, interval: "day" });
    this.#chart ??= new TimeChart(this.#parent, { label: "Energy of the site's days", unit: "kWh", zone, atLeast: 0.1, height: 180, bars: true });
    const middles = t.map((start) => start + DAY / 2);
    const data = [middles, avg.map((wh) => (wh == null ? null : wh / 1000))];
    const lines = [{ label: "Energy", tone: "--line-1" }];
    this.#chart.show({ lines, data, start: t[0], end: t.at(-1) + DAY, step: DAY, caption: caption({ t, avg, coverage }, zone) });
  }
}

function caption({ t, avg, coverage }, zone) {
  const last = lastIndex(avg);
  if (last < 0) return `No reading in the last ${DAYS} days.`;
  const best = avg.reduce((at, wh, i) => (wh > (avg[at] ?? -Infinity) ? i : at), last);
  const day = (i) => `${kilowattHours(avg[i])} kWh on ${dayMonth((t[i] + DAY / 2) * 1000, zone)}`;
  const heard = coverage.filter((share) => share != null);
  const complete = heard.length ? ` Readings for ${percent(heard.reduce((a, b) => a + b, 0) / heard.length)} of the time.` : "";
  return `The best day gave ${day(best)}; the newest so far ${day(last)}.${complete}`;
}
