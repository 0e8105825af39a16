// The alert that the address asks for, as in /alerts#alert-42: it is pointed out, and fetched where no list has it.

import { AlertList } from "./alert_list.js";
import { oneAlert } from "./api.js";
import { byId } from "./dom.js";
import { failing } from "./page.js";

const idOf = (hash) => Number(/^#alert-(\d{1,15})$/.exec(hash)?.[1]);

/** Shows it inside `block`, which is hidden otherwise; `acting` as of an `AlertList`. */
export class AskedAlert {
  #block;
  #list;
  #trouble;
  #id = idOf(location.hash);
  #isPointedOut = false;

  constructor(block, { acting, onAsked }) {
    this.#block = block;
    this.#list = new AlertList(block, "", { acting });
    this.#trouble = failing(block);
    addEventListener("hashchange", () => {
      this.#id = idOf(location.hash);
      this.#isPointedOut = false;
      onAsked();
    });
  }

  /** Fetches it unless it is `listed` anyway. */
  async refresh(listed) {
    const isElsewhere = !this.#id || listed.some(({ id }) => id === this.#id);
    this.#list.show(isElsewhere ? [] : await this.#found());
    this.#block.hidden = isElsewhere;
  }

  async #found() {
    try {
      const found = await oneAlert(this.#id);
      this.#trouble.clear();
      return [found];
    } catch (error) {
      this.#trouble.onError(error);
      return [];
    }
  }

  /** Moves the focus to it, once for each time that it is asked for. */
  pointOut() {
    const card = byId(`alert-${this.#id}`);
    if (!card || this.#isPointedOut) return;
    this.#isPointedOut = true;
    card.scrollIntoView({ block: "center" });
    card.querySelector("a").focus({ focusVisible: true, preventScroll: true });
  }
}
