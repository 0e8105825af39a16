// The stream of what happens at /api/live: opened again when it ends or falls silent, from where it was.

const EVENTS = ["readings", "alert", "gateway"];
const BEGINNINGS = ["ready", "reset"];
/** The server sends a heartbeat each 5 s: a frozen one leaves the stream "open" without an error. */
const SILENT_MS = 15_000;
const OPENS_IN_MS = 5000;
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 30_000;

/**
 * Calls `onEvent(kind, body)` for what happens, and `onBegin()` when what is shown has to be asked for anew:
 * at the first beginning, and where too much was missed. A hidden page has no stream: a browser opens only six.
 */
export class Stream {
  #source = null;
  #timer = null;
  #failures = 0;
  #last = null;
  #wanted = false;
  #readings = null;
  #onEvent;
  #onBegin;
  #heardAt = null;

  constructor({ onEvent, onBegin }) {
    this.#onEvent = onEvent;
    this.#onBegin = onBegin;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#close() : this.open()));
    addEventListener("online", () => this.open());
  }

  /** True while the server is heard. */
  get isOpen() {
    return this.#source != null && this.#heardAt != null;
  }

  /** When the stream said something last, by this machine's clock; null while it is not open. */
  get heardAt() {
    return this.#heardAt;
  }

  /** Looks on from now on; `readings` are the sites whose readings matter, null for all. */
  watch(readings) {
    const same = this.#wanted && JSON.stringify(readings) === JSON.stringify(this.#readings);
    this.#wanted = true;
    this.#readings = readings;
    if (!same) this.open();
  }

  /** Closes the stream until it is opened again. */
  stop() {
    this.#wanted = false;
    this.#close();
  }

  /** Looks on again after `stop`. */
  resume() {
    this.#wanted = true;
    this.open();
  }

  /** Opens it now, also where it was going to wait. */
  open() {
    this.#close();
    if (!this.#wanted || document.hidden) return;
    const query = new URLSearchParams();
    if (this.#readings != null) query.set("readings", this.#readings.join(","));
    if (this.#last != null) query.set("last_event_id", this.#last);
    const source = new EventSource(`/api/live?${query}`);
    this.#source = source;
    // Who missed nothing is told nothing before the next heartbeat.
    source.addEventListener("open", () => this.#heard());
    source.addEventListener("error", () => this.#again());
    for (const kind of [...EVENTS, ...BEGINNINGS, "heartbeat"]) {
      source.addEventListener(kind, (event) => this.#take(kind, event));
    }
    this.#expect(OPENS_IN_MS);
  }

  #heard() {
    this.#heardAt = Date.now();
    this.#expect(SILENT_MS);
  }

  #take(kind, event) {
    this.#heard();
    this.#failures = 0;
    if (event.lastEventId) this.#last = event.lastEventId;
    if (BEGINNINGS.includes(kind)) this.#onBegin();
    else if (kind !== "heartbeat") this.#onEvent(kind, JSON.parse(event.data));
  }

  /** Gives the server so long to say something. */
  #expect(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#again(), milliseconds);
  }

  #again() {
    this.#close();
    const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.open(), wait * (0.5 + Math.random() / 2));
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.#heardAt = null;
  }
}
