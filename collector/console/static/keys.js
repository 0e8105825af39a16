// Keys that save the mouse: each does what a click does. None works while something is typed or a dialog is open.

import { byId, setAttribute } from "./dom.js";
import { Rows } from "./rows.js";

const SEQUENCE_MS = 1500;
const STORED = "heliograph.keys";
const PAGES = { f: "/", a: "/alerts", g: "/gateways" };
const TYPED_IN = "input, select, textarea";

/** Where nothing may be stored, the switch holds for the page. */
function stored() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

function store(areOn) {
  try {
    localStorage.setItem(STORED, areOn ? "on" : "off");
  } catch {
    // Then it is forgotten with the page.
  }
}

function go(path) {
  if (location.pathname !== path) location.assign(path);
}

/** Is this key meant for something else: text, a dialog, the browser? */
function isTaken(event) {
  const { target } = event;
  const isTyped = target.isContentEditable || target.matches?.(TYPED_IN);
  const isModified = event.ctrlKey || event.metaKey || event.altKey;
  return event.defaultPrevented || event.isComposing || isModified || isTyped || document.querySelector("dialog[open]") != null;
}

/** Listens on the whole page. */
export class Keys {
  #areOn = stored();
  #rows = new Rows();
  #wentAt = -Infinity;
  #dialog = byId("keys");
  #switch = byId("keys-on");
  #actions = {
    "/": () => byId("search").focus(),
    "?": () => this.#dialog.showModal(),
    j: () => this.#rows.move(1),
    k: () => this.#rows.move(-1),
    x: () => this.#rows.act("x"),
    a: () => this.#rows.act("a"),
    c: () => this.#rows.act("c"),
    h: () => this.#rows.act("h"),
  };

  constructor() {
    document.addEventListener("keydown", (event) => this.#press(event));
    byId("keys-open").addEventListener("click", () => this.#dialog.showModal());
    this.#switch.addEventListener("change", () => {
      store(this.#switch.checked);
      this.#turn(this.#switch.checked);
    });
    // Another window of this browser may have turned them.
    addEventListener("storage", ({ key }) => key === STORED && this.#turn(stored()));
    this.#turn(this.#areOn);
  }

  #turn(areOn) {
    this.#areOn = areOn;
    this.#switch.checked = areOn;
    setAttribute(document.body, "data-keys", areOn ? "on" : "off");
  }

  #press(event) {
    if (!this.#areOn || isTaken(event)) return;
    const run = this.#meant(event);
    if (!run) return;
    event.preventDefault();
    run();
  }

  /** What a key means, after `g` another thing than alone; nothing when it is held down, but for going through rows. */
  #meant({ key, repeat, timeStamp }) {
    if (repeat && !"jk".includes(key)) return null;
    const page = timeStamp - this.#wentAt < SEQUENCE_MS && PAGES[key];
    this.#wentAt = -Infinity;
    if (page) return () => go(page);
    if (key === "g") return () => (this.#wentAt = timeStamp);
    return this.#actions[key];
  }
}
