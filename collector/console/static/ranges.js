// How far a chart looks back, and other choices of one among few, as buttons.

import { h, setAttribute } from "./dom.js";
import { dayKey, dayMonth, hourMinute, when, zoneName } from "./format.js";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Intervals (`step` in seconds) chosen so that a chart has about one point in two pixels; `mean` is what a point is. */
export const RANGES = [
  { label: "1 h", words: "the last hour", seconds: HOUR, interval: "1m", step: 60 },
  { label: "6 h", words: "the last 6 hours", seconds: 6 * HOUR, interval: "1m", step: 60 },
  { label: "24 h", words: "the last 24 hours", seconds: DAY, interval: "5m", step: 300, mean: "5-minute mean" },
  { label: "7 d", words: "the last 7 days", seconds: 7 * DAY, interval: "30m", step: 1800, mean: "half-hour mean" },
  { label: "30 d", words: "the last 30 days", seconds: 30 * DAY, interval: "2h", step: 7200, mean: "2-hour mean" },
  { label: "1 y", words: "the last year", seconds: 365 * DAY, interval: "1d", step: DAY, mean: "daily mean" },
];

/** The middle of a bucket that begins at `t`, as far as it has come at `end`: a chart shows nothing later than now. */
export const middleOf = (t, { step }, end) => t + Math.min(step, end - t) / 2;

/** When the bucket around `middle` was, and never later than `end`: "at 13:05", "at 21 Nov 13:00", "on 21 Nov", "so far today". */
export function bucketWhen(middle, { seconds, step }, end, zone) {
  if (step === DAY) return dayWhen(middle, end, zone);
  const time = hourMinute(middle * 1e3, zone);
  return seconds >= DAY ? `at ${dayMonth(middle * 1e3, zone)} ${time}` : `at ${time}`;
}

/** A bucket's time in a tip or a table; `dated` where the day is not plain from the rest. */
export function bucketTime(middle, { step, dated }, zone) {
  const moment = middle * 1e3;
  if (step === DAY) return dayMonth(moment, zone);
  return `${dated ? `${dayMonth(moment, zone)} ` : ""}${hourMinute(moment, zone)} ${zoneName(moment, zone)}`;
}

/** A day is one of UTC: where it begins at another day of the site's, its beginning is told. */
function dayWhen(middle, end, zone) {
  if (end - middle >= DAY / 2) return `on ${dayMonth(middle * 1e3, zone)}`;
  const start = (2 * middle - end) * 1e3;
  const isToday = dayKey(start, zone) === dayKey(end * 1e3, zone);
  return isToday ? "so far today" : `since ${when(start, end * 1e3, zone)}`;
}

/** A row of buttons for `options`, each with a `label`; `onChoose(option)` is called for each choice. */
export class ChoiceButtons {
  #buttons;
  #options;

  constructor(name, options, chosen, onChoose) {
    this.chosen = chosen;
    this.#options = options;
    this.#buttons = options.map((option) =>
      h("button", { type: "button", onclick: () => this.#choose(option, onChoose) }, option.label),
    );
    this.node = h("div", { class: "ranges", role: "group", "aria-label": name }, this.#buttons);
    this.#mark();
  }

  #choose(option, onChoose) {
    this.chosen = option;
    this.#mark();
    onChoose(option);
  }

  #mark() {
    this.#options.forEach((option, i) => setAttribute(this.#buttons[i], "aria-pressed", option === this.chosen));
  }
}

/** Buttons for `RANGES`. */
export class RangeButtons extends ChoiceButtons {
  constructor(chosen, onChoose) {
    super("Time range", RANGES, chosen, onChoose);
  }
}
