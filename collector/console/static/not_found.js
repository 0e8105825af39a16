// A page of something that there is not: it says only that, and where to go on.

import { byId, h } from "./dom.js";

function show(detail, links) {
  document.title = "Not found · Heliograph";
  byId("live").hidden = true;
  const ways = links.map(([text, href]) => h("li", {}, h("a", { href }, text)));
  const why = h("p", {}, detail[0].toUpperCase() + detail.slice(1));
  byId("main").replaceChildren(h("section", { class: "card missing" }, h("h1", {}, "Not found"), why, h("ul", {}, ways)));
}

/**
 * Starts `live` for the `readings` of some sites, unless `look()` finds that there is no such thing: then nothing is
 * asked any more, and `links` [[text, href]] lead on. What else is wrong, the page's own blocks tell.
 */
export async function startIfThere(live, { readings, look, links }) {
  try {
    await look();
  } catch (error) {
    if (error.status === 404) {
      show(error.message, links);
      return;
    }
  }
  live.start(readings);
}
