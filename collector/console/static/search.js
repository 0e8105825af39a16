// The search field: a combobox whose options are links to pages.

import { search } from "./api.js";
import { byId, h, setAttribute, setText } from "./dom.js";

const WAIT_MS = 150;
const MOST = 12;

function described({ kind, id, site, label }) {
  if (kind === "site") return [label ?? id, id];
  if (kind === "alert") return [`#${id} ${label}`, site];
  return [id, site];
}

function option(hit, i) {
  const [name, more] = described(hit);
  const parts = [h("span", { class: "hit-kind" }, hit.kind), h("b", {}, name), h("small", {}, more)];
  return h("a", { id: `search-hit-${i}`, role: "option", tabindex: -1, "aria-selected": "false", href: hit.path }, ...parts);
}

/** Fills the popup below the header's field with what goes by a name that holds what was typed. */
export class Search {
  #input = byId("search");
  #options = [];
  #active = -1;
  #shown = null;
  #turn = 0;
  #timer = null;
  #wantsFirst = false;

  constructor() {
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => this.#press(event));
    this.#input.addEventListener("blur", () => this.#close());
    // The field keeps the focus while a hit is clicked, or the hits would be gone before the click.
    byId("search-popup").addEventListener("mousedown", (event) => event.preventDefault());
    byId("search-hits").addEventListener("click", () => this.#leave());
  }

  get #text() {
    return this.#input.value.trim();
  }

  #typed() {
    this.#forget();
    if (this.#text) this.#timer = setTimeout(() => this.#ask(), WAIT_MS);
    else this.#close();
  }

  /** What was asked for before is not waited for any more. */
  #forget() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.#wantsFirst = false;
  }

  async #ask() {
    clearTimeout(this.#timer);
    const text = this.#text;
    const turn = ++this.#turn;
    try {
      const hits = await search(text, MOST);
      if (turn === this.#turn) this.#show(text, hits);
    } catch (error) {
      if (turn === this.#turn) this.#show(null, [], error.status ? error.message : "The collector does not answer.");
    }
  }

  #show(text, hits, trouble = "") {
    this.#shown = text;
    this.#options = hits.map(option);
    byId("search-hits").replaceChildren(...this.#options);
    byId("search-hits").hidden = hits.length === 0;
    byId("search-popup").hidden = false;
    setAttribute(this.#input, "aria-expanded", hits.length > 0);
    const found = hits.length < MOST ? `${hits.length} found` : `The first ${MOST}: type more to narrow`;
    this.#tell(trouble || (hits.length ? found : `Nothing found for “${text}”`));
    this.#activate(hits.length ? 0 : -1);
    if (this.#wantsFirst) this.#options[0]?.click();
  }

  #tell(text) {
    setText(byId("search-note"), text);
    setText(byId("search-said"), text);
  }

  #activate(place) {
    this.#options[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = place;
    const active = this.#options[place];
    setAttribute(this.#input, "aria-activedescendant", active?.id);
    if (!active) return;
    setAttribute(active, "aria-selected", "true");
    active.scrollIntoView({ block: "nearest" });
  }

  #press(event) {
    const run = { ArrowDown: () => this.#move(1), ArrowUp: () => this.#move(-1), Enter: () => this.#enter(), Escape: () => this.#escape() }[event.key];
    if (!run || event.isComposing) return;
    event.preventDefault();
    run();
  }

  #move(step) {
    const count = this.#options.length;
    if (count) this.#activate((this.#active + step + count) % count);
    else if (this.#text) this.#ask();
  }

  /** Opens the hit that is marked; of what was typed since, the first. */
  #enter() {
    if (!this.#text) return;
    if (this.#shown === this.#text) {
      this.#options[this.#active]?.click();
      return;
    }
    this.#wantsFirst = true;
    this.#ask();
  }

  #escape() {
    if (byId("search-popup").hidden) this.#leave();
    else this.#close();
  }

  #leave() {
    this.#input.value = "";
    this.#input.blur();
  }

  #close() {
    this.#forget();
    this.#activate(-1);
    this.#options = [];
    this.#shown = null;
    byId("search-hits").replaceChildren();
    byId("search-popup").hidden = true;
    setAttribute(this.#input, "aria-expanded", false);
    this.#tell("");
  }
}
