// How far a chart looks back, and other choices of one among few, as buttons.

import { h, setAttribute } from "./dom.js";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Intervals (`step` in seconds) chosen so that a chart has about one point in two pixels. */
export const RANGES = [
  { label: "1 h", words: "the last hour", seconds: HOUR, interval: "1m", step: 60 },
  { label: "6 h", words: "the last 6 hours", seconds: 6 * HOUR, interval: "1m", step: 60 },
  { label: "24 h", words: "the last 24 hours", seconds: DAY, interval: "5m", step: 300 },
  { label: "7 d", words: "the last 7 days", seconds: 7 * DAY, interval: "30m", step: 1800 },
  { label: "30 d", words: "the last 30 days", seconds: 30 * DAY, interval: "2h", step: 7200 },
  { label: "1 y", words: "the last year", seconds: 365 * DAY, interval: "1d", step: DAY },
];

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
