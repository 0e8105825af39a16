// Columns of a time series: merging what was asked for later, and keeping gaps gaps.

/** A gap is a hole of more than this many usual steps. */
const GAP_STEPS = 3;

/** The buckets of one thing, by time; later answers replace earlier ones. */
export class Buckets {
  #rows = new Map();

  /** Takes columns t and any others; `whole` forgets what was there. */
  take({ t, ...columns }, whole) {
    if (whole) this.#rows.clear();
    const names = Object.keys(columns).filter((name) => Array.isArray(columns[name]));
    t.forEach((time, i) => {
      this.#rows.set(time, Object.fromEntries(names.map((name) => [name, columns[name][i]])));
    });
  }

  /** Drops what lies before `start` (seconds). */
  forgetBefore(start) {
    for (const time of this.#rows.keys()) if (time < start) this.#rows.delete(time);
  }

  get lastTime() {
    return this.#rows.size ? Math.max(...this.#rows.keys()) : null;
  }

  /** The times, ascending, with an extra one holding nothing inside each gap. */
  times() {
    const found = [...this.#rows.keys()].sort((a, b) => a - b);
    const step = usualStep(found);
    return found.flatMap((time, i) =>
      i && time - found[i - 1] > GAP_STEPS * step ? [found[i - 1] + step, time] : [time],
    );
  }

  /** The value at a time: null where nothing was measured, undefined where the time is none of this series'. */
  value(time, name) {
    return this.#rows.get(time)?.[name];
  }
}

/** The median distance of ascending times; 60 when there are too few to tell. */
export function usualStep(times) {
  if (times.length < 3) return 60;
  const steps = times.slice(1).map((time, i) => time - times[i]);
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)];
}

/**
 * One table for the chart, [t, ...columns], from [[buckets, name, scale], ...].
 * null is a gap; undefined (another series' time) is not.
 */
export function table(wanted) {
  const grids = new Map();
  for (const [buckets] of wanted) if (!grids.has(buckets)) grids.set(buckets, new Set(buckets.times()));
  const t = [...new Set([...grids.values()].flatMap((grid) => [...grid]))].sort((a, b) => a - b);
  const columns = wanted.map(([buckets, name, scale]) =>
    t.map((time) => {
      if (!grids.get(buckets).has(time)) return undefined;
      const value = buckets.value(time, name);
      return value == null ? null : value * scale;
    }),
  );
  return [t, ...columns];
}

/** Index of the last value that is there, or -1. */
export function lastIndex(column) {
  for (let i = column.length - 1; i >= 0; i -= 1) if (column[i] != null) return i;
  return -1;
}
