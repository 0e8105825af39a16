// The power chart of one or several sites.

import { serverNow, sitePower } from "./api.js";
import { TimeChart } from "./chart.js";
import { h } from "./dom.js";
import { hourMinute, kilowatts, powerDecimals } from "./format.js";
import { RANGES, RangeButtons } from "./ranges.js";
import { Buckets, lastIndex, table } from "./series.js";
import { nights } from "./sun.js";

const WHOLE_MS = 120_000;
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
  #wholeAt = -Infinity;
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

  /** Alerts to hatch behind the line of a site's own page. */
  setAlerts(alerts) {
    this.#alerts = alerts;
  }

  #again() {
    this.#wholeAt = -Infinity;
    return this.#live.refresh();
  }

  /** Asks for what is new (now and then for everything) and draws it. */
  async refresh() {
    if (!this.#sites.length) return;
    const range = this.#ranges.chosen;
    const end = Math.floor(serverNow() / 1000);
    const start = end - range.seconds;
    const whole = performance.now() - this.#wholeAt > WHOLE_MS;
    await Promise.all(this.#sites.map(({ site }) => this.#load(site, { start, end, range, whole })));
    if (range !== this.#ranges.chosen) return;
    if (whole) this.#wholeAt = performance.now();
    this.#draw(start, end, range);
  }

  async #load(site, { start, end, range, whole }) {
    const store = this.#stores.get(site) ?? new Buckets();
    const last = whole ? null : store.lastTime;
    const from = last == null ? start : Math.max(start, last - AGAIN_SECONDS);
    const answer = await sitePower(site, from, end, range.interval);
    if (range !== this.#ranges.chosen) return;
    store.take(answer, last == null);
    store.forgetBefore(start);
    this.#stores.set(site, store);
  }

  #draw(start, end, range) {
    const sites = this.#sites;
    const names = this.#single ? ["avg", "min", "max"] : ["avg"];
    const wanted = sites.flatMap(({ site }) => names.map((name) => [this.#stores.get(site), name, 1 / 1000]));
    const data = table(wanted);
    const [{ latitude, longitude, timezone }] = sites;
    this.#chart.show({
      lines: sites.map(({ name, site }, i) => ({ label: name ?? site, tone: tone(i), band: this.#single })),
      data,
      start,
      end,
      caption: this.#caption(data, range, this.#single ? timezone : null),
      nights: this.#single && latitude != null && longitude != null ? nights(start, end, latitude, longitude) : [],
      spans: this.#single ? this.#spans(end) : [],
    });
  }

  #spans(end) {
    return this.#alerts
      .filter(({ severity }) => ["critical", "high"].includes(severity))
      .map(({ raised_at, cleared_at, severity }) => ({
        from: raised_at / 1000,
        to: (cleared_at ?? end * 1000) / 1000,
        tone: severity,
      }));
  }

  /** The chart in words. */
  #caption([t, ...columns], range, zone) {
    if (columns.every((column) => lastIndex(column) < 0)) return `No reading in ${range.words}.`;
    const step = this.#single ? 3 : 1;
    const sentences = this.#sites.map(({ name, site, rated_watts }, i) => {
      const column = columns[i * step];
      const last = lastIndex(column);
      if (last < 0) return `${name ?? site}: no reading.`;
      const peak = column.reduce((best, value, at) => (value > (column[best] ?? -Infinity) ? at : best), last);
      const decimals = powerDecimals(rated_watts);
      const figure = (at) => `${kilowatts(column[at] * 1000, decimals)} kW at ${hourMinute(t[at] * 1000, zone)}`;
      return `${name ?? site}: newest ${figure(last)}, peak ${figure(peak)}.`;
    });
    return `In ${range.words}. ${sentences.join(" ")}`;
  }
}
