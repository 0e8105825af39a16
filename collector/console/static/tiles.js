// A site's panels as tiles: power, share of the group's median, state by shape and words.

import { h, Keyed, setAttribute, setText } from "./dom.js";
import { NONE, percent, watts, withoutNoise } from "./format.js";
import { dataState, mark, SEVERITIES, severityState } from "./states.js";

/** Under this share of its group a panel is pointed out, alert or not: real siblings differ by far less. */
const LOW_SHARE = 0.8;
/** Under this median nothing is said about a share: see "asleep". */
const LEAST_MEDIAN_WATTS = 40;
const WORDS = { critical: "critical", high: "attention", medium: "attention", low: "note", info: "note" };

const groupOf = (panel) => panel.group ?? "";

/** The median; null of nothing. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (!sorted.length) return null;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Power per rated watt where all of the group are rated, else power: panels of different sizes compare. */
function shares(panels) {
  const rated = panels.every((panel) => panel.rated_watts);
  const output = ({ power_watts, rated_watts }) => withoutNoise(power_watts) / (rated ? rated_watts : 1);
  const heard = panels.filter((panel) => panel.power_watts != null);
  const middle = median(heard.map(output));
  const isLight = (median(heard.map((panel) => panel.power_watts)) ?? 0) >= LEAST_MEDIAN_WATTS;
  return new Map(heard.map((panel) => [panel.panel_id, isLight && heard.length > 2 ? output(panel) / middle : null]));
}

/** A step of the diverging scale from blue (less than siblings) to amber (more), "1" to "7"; "4" is as they do. */
const step = (share) => Math.min(7, Math.max(1, Math.round(4 + (share - 1) * 10)));

function tile(first, site) {
  const state = mark({ shape: "full", tone: "good", text: "" });
  const value = h("b");
  const unit = h("span");
  const share = h("span", { class: "share" });
  const node = h(
    "a",
    { class: "tile", href: `/sites/${encodeURIComponent(site)}/panels/${encodeURIComponent(first.panel_id)}` },
    h("span", { class: "tile-name" }, first.panel_id),
    h("span", { class: "tile-value" }, value, unit),
    share,
    state.node,
  );
  const update = (panel) => {
    state.update(panel.verdict);
    setText(value, panel.isHeard ? watts(panel.power_watts) : NONE);
    setText(unit, panel.isHeard ? " W" : "");
    setText(share, panel.isHeard && panel.share != null ? `${percent(panel.share)} of group` : "");
    setAttribute(node, "data-step", panel.isHeard && panel.share != null ? step(panel.share) : null);
    setAttribute(node, "data-tone", panel.verdict.tone);
    setAttribute(node, "data-silent", panel.isHeard ? null : "");
  };
  return { node, update };
}

/** Keeps tiles inside `parent`, grouped as the panels are. */
export class PanelTiles {
  #groups;
  #empty = h("p", { class: "empty" }, "No panel has reported yet. On the gateway, run:", h("pre", {}, "edge-agent check"));
  #worst = new Map();

  constructor(parent, site) {
    const list = h("div", { class: "groups" });
    parent.append(list, this.#empty);
    this.#groups = new Keyed(list, ({ name }) => name, ({ name }) => {
      const grid = h("div", { class: "tiles" });
      const tiles = new Keyed(grid, (panel) => panel.panel_id, (panel) => tile(panel, site));
      const node = h("section", { "aria-label": name || "Panels" }, name && h("h3", {}, name), grid);
      return { node, update: ({ panels }) => tiles.show(panels) };
    });
  }

  /** The site's open alerts, worst first, mark their panels from the next `show` on. */
  setAlerts(open) {
    this.#worst = new Map();
    for (const { panel_id, severity, title } of [...open].reverse()) this.#worst.set(panel_id, { severity, title });
  }

  show(panels, now) {
    this.#empty.hidden = panels.length > 0;
    const heard = panels.map((panel) => ({ ...panel, data: dataState(panel, now) }));
    const names = [...new Set(heard.map(groupOf))].sort();
    this.#groups.show(names.map((name) => ({ name, panels: this.#judged(heard.filter((panel) => groupOf(panel) === name)) })));
  }

  #judged(panels) {
    const share = shares(panels.filter(({ data }) => !data.silent));
    return panels
      .sort((a, b) => a.panel_id.localeCompare(b.panel_id, "en", { numeric: true }))
      .map((panel) => ({
        ...panel,
        share: share.get(panel.panel_id) ?? null,
        isHeard: !panel.data.silent,
        verdict: this.#verdict(panel, share.get(panel.panel_id) ?? null),
      }));
  }

  #verdict({ panel_id, data }, share) {
    if (data.silent) return data;
    const alert = this.#worst.get(panel_id);
    if (alert && SEVERITIES.includes(alert.severity)) return severityState(alert.severity, WORDS[alert.severity]);
    if (share != null && share < LOW_SHARE) return { shape: "diamond", tone: "medium", text: "below group" };
    return data;
  }
}
