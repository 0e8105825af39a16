// The power chart of one or several sites.

import { serverNow, siteSeries } from "./api.js";
import { TimeChart } from "./chart.js";
import { h } from "./dom.js";
import { kilowatts, powerDecimals } from "./format.js";
import { bucketWhen, RANGES, RangeButtons } from "./ranges.js";
import { Buckets, lastIndex, table } from "./series.js";
import { nights } from "./sun.js";

const EVERYTHING_MS = 120_000;
/** Buckets before the newest that are asked for again: readings may come late. */
const AGAIN_SECONDS = 600;
const MOST_LINES = 8;

/** Tones of the lines, told apart by dash and name as well. */
const tone = (i) => `--line-${(i % MOST_LINES) + 1}`;

/** Draws [{site, name, rated_watts, latitude, longitude, timezone}]; a band only where there is one site. */
export class PowerChart {
  #parent;
  #live;
  #chart = null;
  #ranges;
  #stores = new Map();
  #everythingAt = -Infinity;
  #sites = [];
  #single;
  #alerts = [];

  /** `live` is asked to refresh when another range is chosen; `single` is a site's own page. */
  constructor(parent, live, { single = false } = {}) {
    this.#parent = parent;
    this.#live = live;
    this.#single = single;
    this.#ranges = new RangeButtons(RANGES[1], () => this.#again());
    parent.append(h("div", { class: "title-row" }, h("h2", {}, "Power ", h("small", {}, "kW")), this.#ranges.node));
  }

  /** True until there is a site to draw. */
  get isEmpty() {
    return this.#sites.length === 0;
  }

  /** Which sites to draw: with many, the largest. */
  setSites(sites) {
    if (!sites.length) return;
    const largest = [...sites].sort((a, b) => (b.rated_watts ?? 0) - (a.rated_watts ?? 0)).slice(0, MOST_LINES);
    this.#sites = largest.sort((a, b) => a.site.localeCompare(b.site));
    this.#chart ??= new TimeChart(this.#parent, {
      label: this.#single ? "Power of the site" : "Power of the sites",
      unit: "kW",
      decimals: powerDecimals(Math.max(...sites.map((site) => site.rated_watts ?? 0))),
      zone: this.#single ? sites[0].timezone : null,
      atLeast: 0.1,
      height: 300,
    });
  }

  /** Open alerts, worst first, to flag where each began on a site's own page. */
  setAlerts(alerts) {
    this.#alerts = alerts;
  }

  #again() {
    this.#everythingAt = -Infinity;
    return this.#live.refresh();
  }

  /** Asks for what is new (now and then for everything) and draws it. */
  async refresh() {
    const sites = this.#sites;
    if (!sites.length) return;
    const range = this.#ranges.chosen;
    const end = Math.floor(serverNow() / 1000);
    const start = end - range.seconds;
    const everything = performance.now() - this.#everythingAt > EVERYTHING_MS;
    await Promise.all(sites.map(({ site }) => this.#load(site, { start, end, range, everything })));
    if (range !== this.#ranges.chosen) return;
    if (everything) this.#everythingAt = performance.now();
    this.#draw(sites, { start, end, range });
  }

  async #load(site, { start, end, range, everything }) {
    const store = this.#stores.get(site) ?? new Buckets();
    const last = everything ? null : store.lastTime;
    const from = last == null ? start : Math.max(start, last - AGAIN_SECONDS);
    const { interval, step } = range;
    const { t, avg, min, max } = await siteSeries(site, "power", { start: from, end, interval });
    if (range !== this.#ranges.chosen) return;
    // In a bucket that is not over some panels are missing yet: the value of this moment stands for it.
    const whole = t.filter((time) => time + step <= end).length;
    const middles = t.slice(0, whole).map((time) => time + step / 2);
    store.take({ t: middles, avg, min, max }, last == null);
    store.forgetBefore(start);
    this.#stores.set(site, store);
  }

  #draw(sites, { start, end, range }) {
    for (const { site, power_watts, last_reading_at } of sites) {
      const time = power_watts == null ? null : Math.min(end, last_reading_at / 1000);
      this.#stores.get(site).setNewest(time, { avg: power_watts });
    }
    const names = this.#single ? ["avg", "min", "max"] : ["avg"];
    const wanted = sites.flatMap(({ site }) => names.map((name) => [this.#stores.get(site), name, 1 / 1000]));
    const data = table(wanted);
    const [{ latitude, longitude, timezone }] = sites;
    this.#chart.show({
      lines: sites.map(({ name, site }, i) => ({ label: name ?? site, tone: tone(i), band: this.#single })),
      data,
      start,
      end,
      step: range.step,
      caption: this.#caption(sites, data, { range, end, zone: this.#single ? timezone : null }),
      nights: this.#single && latitude != null && longitude != null ? nights(start, end, latitude, longitude) : [],
      // The worst last, on top.
      flags: [...this.#alerts].reverse().map(({ raised_at, severity }) => ({ at: raised_at / 1000, tone: severity })),
    });
  }

  /** The chart in words. */
  #caption(sites, [t, ...columns], { range, end, zone }) {
    if (columns.every((column) => lastIndex(column) < 0)) return `No reading in ${range.words}.`;
    const step = this.#single ? 3 : 1;
    const sentences = sites.map(({ name, site, rated_watts, power_watts }, i) => {
      const column = columns[i * step];
      const last = lastIndex(column);
      if (last < 0) return `${name ?? site}: no reading.`;
      const peak = column.reduce((best, value, at) => (value > (column[best] ?? -Infinity) ? at : best), last);
      const decimals = powerDecimals(rated_watts);
      const figure = (at, of) => `${kilowatts(column[at] * 1000, decimals)} kW ${bucketWhen(t[at], of, end, zone)}`;
      // The newest is a value of its moment while the site is heard, all others are means.
      const newest = power_watts == null ? range : { ...range, step: 0 };
      const highest = range.mean ? `highest ${range.mean}` : "peak";
      return `${name ?? site}: newest ${figure(last, newest)}, ${highest} ${figure(peak, peak === last ? newest : range)}.`;
    });
    return `In ${range.words}. ${sentences.join(" ")}`;
  }
}
