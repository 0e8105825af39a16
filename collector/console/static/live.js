// Keeping a page's data fresh, and saying how fresh they are.

import { lastAnswer, serverNow } from "./api.js";
import { byId, setAttribute, setText } from "./dom.js";
import { duration, hourMinuteSecond, zoneName } from "./format.js";
import { Stream } from "./stream.js";

const DELAYED_MS = 15_000;
const STALE_MS = 60_000;
const MAX_WAIT_MS = 30_000;
/** While events come, each job still runs so often: what is shown also ages. */
const UNASKED_MS = 12_000;
/** A job that takes long is not run again before so many times as long. */
const REST = 4;

/**
 * Runs jobs when an event says that there is something new, and now and then where no event does, and shows the
 * page's state in the header. A job that fails keeps the last good figures and is tried again, ever more slowly.
 */
export class Live {
  /** The zone of the times in the header; the viewer's when null. */
  zone = null;
  #jobs = [];
  #startedAt = Date.now();
  #paused = false;
  #stream = new Stream({ onEvent: (kind) => this.#happened(kind), onBegin: () => this.refresh() });

  /**
   * `run` returns a promise. `on` are the kinds of events that call for it, at most every `gap` milliseconds;
   * `every` is the pause between two runs while there is no stream. `onError` gets what it threw.
   */
  add(run, { every = 5000, on = [], gap = 500, onError = () => {} }) {
    const times = { startedAt: -Infinity, endedAt: -Infinity };
    this.#jobs.push({ run, every, on, gap, onError, failures: 0, timer: null, running: false, again: null, ...times });
    return this;
  }

  /** Begins; `readings` are the sites whose readings matter, null for all. */
  start(readings = null) {
    byId("live-retry").addEventListener("click", () => this.#retry());
    byId("live-pause").addEventListener("click", (event) => this.#pause(event.currentTarget));
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    addEventListener("online", () => this.refresh());
    setInterval(() => this.#show(), 1000);
    this.refresh();
    this.#stream.watch(readings);
  }

  /** Changes whose readings matter. */
  watch(readings) {
    if (!this.#paused) this.#stream.watch(readings);
  }

  /** Runs all jobs now. */
  refresh() {
    for (const job of this.#jobs) this.#round(job);
  }

  #retry() {
    this.#stream.open();
    this.refresh();
  }

  #happened(kind) {
    for (const job of this.#jobs) if (job.on.includes(kind)) this.#soon(job);
    this.#show();
  }

  /** Runs a job once it may be run again; what happens until then is one run. */
  #soon(job) {
    if (job.running) {
      job.again ??= "soon";
      return;
    }
    // What fails is tried again at its own pace, however much happens.
    if (job.failures) return;
    const gap = Math.max(job.gap, REST * (job.endedAt - job.startedAt));
    const wait = Math.max(0, job.endedAt + gap - performance.now());
    clearTimeout(job.timer);
    job.timer = setTimeout(() => this.#round(job), wait);
  }

  async #round(job) {
    clearTimeout(job.timer);
    // Asked for while it runs (another range was chosen): once more, right after.
    job.again = job.running ? "now" : null;
    if (job.running || this.#paused) return;
    job.running = true;
    job.startedAt = performance.now();
    try {
      await job.run();
      job.failures = 0;
    } catch (error) {
      job.failures += 1;
      job.onError(error);
    } finally {
      job.running = false;
      job.endedAt = performance.now();
    }
    this.#show();
    // A hidden page asks nothing; it catches up when it is looked at again.
    if (document.hidden) return;
    if (job.again === "now") return this.#round(job);
    job.timer = setTimeout(() => this.#round(job), this.#wait(job));
    if (job.again) this.#soon(job);
  }

  #wait(job) {
    if (job.failures) return Math.min(MAX_WAIT_MS, job.every * 2 ** job.failures) * (0.5 + Math.random() / 2);
    return this.#stream.isOpen && job.on.length ? Math.max(job.every, UNASKED_MS) : job.every;
  }

  #pause(button) {
    this.#paused = !this.#paused;
    setAttribute(button, "aria-pressed", this.#paused);
    setText(button, this.#paused ? "Resume" : "Pause");
    if (this.#paused) this.#stream.stop();
    else {
      this.#stream.resume();
      this.refresh();
    }
    this.#show();
  }

  /** When the figures were known to be right: a stream that lives says so unless an answer is missing. */
  get #freshAt() {
    const answered = lastAnswer();
    if (answered == null) return null;
    const failing = this.#jobs.some(({ failures }) => failures > 0);
    return failing ? answered : Math.max(answered, this.#stream.heardAt ?? 0);
  }

  #show() {
    const since = this.#freshAt ?? this.#startedAt;
    const silent = Date.now() - since;
    const moment = since + serverNow() - Date.now();
    const time = `${hourMinuteSecond(moment, this.zone)} ${zoneName(moment, this.zone)}`;
    const [state, text] = this.#state(silent, time);
    setAttribute(byId("live"), "data-state", state);
    setText(byId("live-text"), text);
    byId("live-retry").hidden = state !== "stale";
    setAttribute(document.body, "data-stale", silent > DELAYED_MS && lastAnswer() ? "" : null);
  }

  #state(silent, time) {
    if (this.#paused) return ["paused", `Paused at ${time}`];
    if (silent > STALE_MS) return ["stale", `Stale since ${time}`];
    if (silent > DELAYED_MS) return ["reconnecting", `Reconnecting (${duration(silent / 1000)})`];
    if (!lastAnswer()) return ["waiting", "Connecting"];
    return this.#stream.isOpen ? ["live", `Live · ${time}`] : ["reconnecting", `Reconnecting · ${time}`];
  }
}
