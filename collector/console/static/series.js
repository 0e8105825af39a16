// Columns of a time series: merging what was asked for later, and keeping gaps gaps.

/** A gap is a hole of more than this many usual steps. */
const GAP_STEPS = 3;
const NEAR = 4;

/** The buckets of one thing, by time; later answers replace earlier ones. */
export class Buckets {
  #rows = new Map();
  #newest = null;

  /** Takes columns t and any others, leaving out what holds nothing; `whole` forgets what was there. */
  take({ t, ...columns }, whole) {
    if (whole) this.#rows.clear();
    t.forEach((time, i) => {
      const row = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column[i]]));
      if (Object.values(row).some((value) => value != null)) this.#rows.set(time, row);
    });
  }

  /** A value of this moment, which ends the line until a bucket takes its place; null for none. */
  setNewest(time, row) {
    this.#newest = time == null ? null : [time, row];
  }

  /** Drops what lies before `start` (seconds). */
  forgetBefore(start) {
    for (const time of this.#rows.keys()) if (time < start) this.#rows.delete(time);
  }

  /** The time of the last bucket; null when there is none. */
  get lastTime() {
    return this.#rows.size ? Math.max(...this.#rows.keys()) : null;
  }

  /** The time of the last value of all; 0 when there is none. */
  get lastMeasured() {
    return Math.max(this.lastTime ?? 0, this.#newest?.[0] ?? 0);
  }

  /** The times, ascending, with an extra one holding nothing inside each gap and one where it falls silent. */
  times() {
    const found = [...this.#rows.keys()].sort((a, b) => a - b);
    if (this.#newest && this.#newest[0] > (found.at(-1) ?? 0)) found.push(this.#newest[0]);
    const steps = found.slice(1).map((time, i) => time - found[i]);
    const cut = found.flatMap((time, i) => {
      const usual = i && usualStep(steps, i - 1);
      return i && steps[i - 1] > GAP_STEPS * usual ? [found[i - 1] + usual, time] : [time];
    });
    return steps.length ? [...cut, cut.at(-1) + GAP_STEPS * usualStep(steps, steps.length - 1)] : cut;
  }

  /** The value at a time; nothing where nothing was measured. */
  value(time, name) {
    return (this.#newest?.[0] === time ? this.#newest[1] : this.#rows.get(time))?.[name];
  }
}

/** The median of the steps around one: what was backfilled may be coarser than what comes live. */
function usualStep(steps, i) {
  const near = steps.slice(Math.max(0, i - NEAR), i + NEAR + 1).sort((a, b) => a - b);
  return near[Math.floor((near.length - 1) / 2)];
}

/**
 * One table for the chart, [t, ...columns], from [[buckets, name, scale], ...].
 * null is a gap; undefined (another series' time) is not.
 */
export function table(wanted) {
  const grids = new Map();
  for (const [buckets] of wanted) if (!grids.has(buckets)) grids.set(buckets, new Set(buckets.times()));
  const own = [...grids.keys()].map((buckets) => buckets.lastMeasured);
  const t = [...new Set([...grids.values()].flatMap((grid) => [...grid]))]
    .filter((time) => time <= Math.max(...own))
    .sort((a, b) => a - b);
  const columns = wanted.map(([buckets, name, scale]) => {
    // Another series' times inside a gap belong to the gap.
    let absent = undefined;
    return t.map((time) => {
      if (!grids.get(buckets).has(time)) return absent;
      const value = buckets.value(time, name);
      absent = value == null ? null : undefined;
      return value == null ? null : value * scale;
    });
  });
  return [t, ...columns];
}

/** Index of the last value that is there, or -1. */
export function lastIndex(column) {
  for (let i = column.length - 1; i >= 0; i -= 1) if (column[i] != null) return i;
  return -1;
}

/** The indices of values with a gap on both sides: no line shows them. */
export function alone(column) {
  const known = column.map((value, i) => [value, i]).filter(([value]) => value !== undefined);
  return known
    .filter(([value], k) => value != null && known[k - 1]?.[0] == null && known[k + 1]?.[0] == null)
    .map(([, i]) => i);
}
