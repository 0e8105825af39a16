// How far a chart looks back, as buttons.

import { h, setAttribute } from "./dom.js";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Intervals (`step` in seconds) chosen so that a chart has about one point in two pixels. */
export const RANGES = [
  { label: "1 h", words: "the last hour", seconds: HOUR, interval: "1m", step: 60 },
  { label: "6 h", words: "the last 6 hours", seconds: 6 * HOUR, interval: "1m", step: 60 },
  { label: "24 h", words: "the last 24 hours", seconds: DAY, interval: "5m", step: 300 },
  { label: "7 d", words: "the last 7 days", seconds: 7 * DAY, interval: "30m", step: 1800 },
];

/** A row of buttons; `onChoose(range)` is called for each choice. */
export class RangeButtons {
  #buttons;

  constructor(chosen, onChoose) {
    this.chosen = chosen;
    this.#buttons = RANGES.map((range) =>
      h("button", { type: "button", onclick: () => this.#choose(range, onChoose) }, range.label),
    );
    this.node = h("div", { class: "ranges", role: "group", "aria-label": "Time range" }, this.#buttons);
    this.#mark();
  }

  #choose(range, onChoose) {
    this.chosen = range;
    this.#mark();
    onChoose(range);
  }

  #mark() {
    RANGES.forEach((range, i) => setAttribute(this.#buttons[i], "aria-pressed", range === this.chosen));
  }
}
