// Building and updating the document without markup strings, which the content policy forbids.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

/** An element: h("td", {class: "number"}, "12"). Attributes that are false or null are left out. */
export const h = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const s = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

/** Sets text only where it differs, so that selections and screen readers are left in peace. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Like setText for an attribute; null removes it. */
export function setAttribute(node, name, value) {
  if (value == null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/**
 * Keeps one child of `parent` per item, in the items' order, and reuses what is there: focus and hover stay.
 * `make(item)` returns {node, update}; `update(item)` is called on every round.
 */
export class Keyed {
  #parent;
  #key;
  #make;
  #parts = new Map();

  constructor(parent, key, make) {
    this.#parent = parent;
    this.#key = key;
    this.#make = make;
  }

  show(items) {
    const focused = this.#parent.contains(document.activeElement) ? document.activeElement : null;
    const gone = new Set(this.#parts.keys());
    items.forEach((item, place) => {
      const key = this.#key(item);
      gone.delete(key);
      if (!this.#parts.has(key)) this.#parts.set(key, this.#make(item));
      const part = this.#parts.get(key);
      part.update(item);
      const there = this.#parent.children[place];
      if (there !== part.node) this.#parent.insertBefore(part.node, there ?? null);
    });
    for (const key of gone) {
      this.#parts.get(key).node.remove();
      this.#parts.delete(key);
    }
    // A node that is moved to another place loses the focus.
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }
}
