// The last two days of each site in half-hours: the sparkline, and yesterday's energy by the site's own calendar.

import { serverNow, siteSeries } from "./api.js";
import { dayKey } from "./format.js";

const HALF_HOUR = 1800;
const SHOWN = 48;
/** Yesterday reaches back at most two days and the hour of a clock change. */
const SECONDS = 50 * 3600;
const AGAIN_MS = 300_000;

/** Keeps half-hours of energy (Wh) per site and asks again every five minutes. */
export class Days {
  #known = new Map();

  /** Asks for what is missing or old; returns whether anything was. */
  async learn(sites) {
    const due = sites.filter(({ site }) => performance.now() - (this.#known.get(site)?.at ?? -Infinity) > AGAIN_MS);
    await Promise.all(due.map((row) => this.#load(row)));
    return due.length > 0;
  }

  async #load({ site, timezone }) {
    const now = Math.floor(serverNow() / 1000);
    const newest = now - (now % HALF_HOUR);
    const { t, avg } = await siteSeries(site, "energy", { start: newest - SECONDS, end: now, interval: "30m" });
    const energy = new Map(t.map((time, i) => [time, avg[i]]));
    // The half-hour that is not over yet would look like a drop.
    const halfHours = Array.from({ length: SHOWN }, (_, i) => energy.get(newest - (SHOWN - i) * HALF_HOUR) ?? null);
    this.#known.set(site, {
      at: performance.now(),
      halfHours: halfHours.map((wh) => (wh == null ? null : wh * 2)),
      yesterday: yesterdayOf(energy, newest, timezone),
    });
  }

  /** Mean power (W or null) of the last 48 whole half-hours, oldest first. */
  halfHours(site) {
    return this.#known.get(site)?.halfHours ?? [];
  }

  /** Energy of the site's yesterday, Wh; null when nothing was measured. */
  yesterday(site) {
    return this.#known.get(site)?.yesterday ?? null;
  }
}

function yesterdayOf(energy, newest, zone) {
  const today = dayKey(newest * 1000, zone);
  let last = newest;
  while (dayKey(last * 1000, zone) === today) last -= HALF_HOUR;
  const yesterday = dayKey(last * 1000, zone);
  const found = [...energy].filter(([time, wh]) => wh != null && dayKey(time * 1000, zone) === yesterday);
  return found.length ? found.reduce((sum, [, wh]) => sum + wh, 0) : null;
}
