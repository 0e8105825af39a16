// Keeping a page's data fresh, and saying how fresh they are.

import { lastAnswer, serverNow } from "./api.js";
import { byId, setAttribute, setText } from "./dom.js";
import { duration, hourMinuteSecond } from "./format.js";

const DELAYED_MS = 15_000;
const OFFLINE_MS = 60_000;
const MAX_WAIT_MS = 30_000;

/**
 * Runs jobs again and again, each at its own pace, and shows the page's state in the header.
 * A job that fails keeps the last good figures on the page and is tried again, ever more slowly.
 */
export class Live {
  #jobs = [];
  #startedAt = Date.now();
  #paused = false;

  /** `run` returns a promise; `everyMs` is the pause between two runs; `onError` gets what it threw. */
  add(run, everyMs, onError = () => {}) {
    this.#jobs.push({ run, everyMs, onError, failures: 0, timer: null, running: false, again: false });
    return this;
  }

  start() {
    byId("live-retry").addEventListener("click", () => this.refresh());
    byId("live-pause").addEventListener("click", (event) => this.#pause(event.currentTarget));
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    addEventListener("online", () => this.refresh());
    setInterval(() => this.#show(), 1000);
    this.refresh();
  }

  /** Runs all jobs now. */
  refresh() {
    for (const job of this.#jobs) this.#round(job);
  }

  async #round(job) {
    clearTimeout(job.timer);
    // Asked for while it runs (another range was chosen): once more, right after.
    job.again = job.running;
    if (job.running || this.#paused) return;
    job.running = true;
    try {
      await job.run();
      job.failures = 0;
    } catch (error) {
      job.failures += 1;
      job.onError(error);
    } finally {
      job.running = false;
    }
    this.#show();
    if (job.again) return this.#round(job);
    // A hidden page asks nothing; it catches up when it is looked at again.
    if (!document.hidden) job.timer = setTimeout(() => this.#round(job), this.#wait(job));
  }

  #wait(job) {
    const ceiling = Math.min(MAX_WAIT_MS, job.everyMs * 2 ** job.failures);
    return job.failures ? ceiling * (0.5 + Math.random() / 2) : job.everyMs;
  }

  #pause(button) {
    this.#paused = !this.#paused;
    setAttribute(button, "aria-pressed", this.#paused);
    setText(button, this.#paused ? "Resume" : "Pause");
    if (!this.#paused) this.refresh();
    this.#show();
  }

  #show() {
    const since = lastAnswer() ?? this.#startedAt;
    const silent = Date.now() - since;
    const time = hourMinuteSecond(since + serverNow() - Date.now());
    const [state, text] = this.#state(silent, time);
    setAttribute(byId("live"), "data-state", state);
    setText(byId("live-text"), text);
    byId("live-retry").hidden = state !== "offline";
    setAttribute(document.body, "data-stale", silent > DELAYED_MS && lastAnswer() ? "" : null);
  }

  #state(silent, time) {
    if (this.#paused) return ["paused", `Paused at ${time}`];
    if (silent > OFFLINE_MS) return ["offline", `Offline since ${time}`];
    if (silent > DELAYED_MS) return ["delayed", `Reconnecting (${duration(silent / 1000)})`];
    return lastAnswer() ? ["live", `Live · ${time}`] : ["waiting", "Connecting"];
  }
}
