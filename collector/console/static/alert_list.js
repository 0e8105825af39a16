// Alerts as a list of cards: severity, what and where, since when, what to do.

import { alertHistory, causeWords } from "./alert_history.js";
import { serverNow } from "./api.js";
import { h, Keyed, setAttribute, setText } from "./dom.js";
import { duration, when, whenThere } from "./format.js";
import { mark, SEVERITIES, severityState } from "./states.js";

/** Sorts worst first, then newest first. */
export const worstFirst = (alerts) =>
  [...alerts].sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.raised_at - a.raised_at,
  );

const panelPath = ({ site, panel_id }) =>
  `/sites/${encodeURIComponent(site)}${panel_id ? `/panels/${encodeURIComponent(panel_id)}` : ""}`;

function since(alert, now, zone) {
  const began = when(alert.raised_at, now, zone);
  if (alert.cleared_at == null) return `since ${began} · ${duration((now - alert.raised_at) / 1000)}`;
  return `${began} to ${when(alert.cleared_at, now, zone)} · ${duration((alert.cleared_at - alert.raised_at) / 1000)}`;
}

function card(alert, { acting: actingOn, box }) {
  const history = alertHistory(alert);
  const acting = actingOn(alert, history);
  const severity = mark(severityState(alert.severity));
  const title = h("b");
  const advice = h("p", { class: "advice" });
  const time = h("span", { class: "since" });
  const state = h("span", { class: "since" });
  const where = alert.panel_id ? `${alert.site} / ${alert.panel_id}` : alert.site;
  const node = h(
    "li",
    { id: `alert-${alert.id}`, class: "alert", "data-tone": alert.severity },
    h("div", { class: "alert-head" }, box, severity.node, h("a", { href: panelPath(alert) }, where), h("span", {}, `#${alert.id}`), state),
    title,
    time,
    advice,
    acting?.node,
    history.node,
  );
  const update = (row) => {
    severity.update(severityState(row.severity));
    node.dataset.tone = row.severity;
    setText(title, row.title);
    setText(time, since(row, serverNow(), row.zone));
    setAttribute(time, "title", `began ${whenThere(row.raised_at, serverNow(), row.zone)}`);
    setText(state, stateOf(row));
    acting?.update(row);
    history.update(row);
    setText(advice, row.recommendation);
  };
  return { node, update };
}

/** How it ended: by whom and as what, or by itself. */
function endOf({ resolved_at: at, resolved_by: by, resolve_cause: cause, zone }) {
  const time = at == null ? "" : ` ${when(at, serverNow(), zone)}`;
  return by ? `resolved${time} by ${by}${cause ? `: ${causeWords(cause)}` : ""}` : `ended by itself${time}`;
}

function stateOf(row) {
  const notes = [
    row.state === "resolved" && endOf(row),
    row.state === "acknowledged" && `acknowledged${row.acknowledged_by ? ` by ${row.acknowledged_by}` : ""}`,
    row.assigned_to && `for ${row.assigned_to}`,
    row.late && "arrived late",
    row.muted && "muted by planned work",
  ];
  return notes.filter(Boolean).join(" · ");
}

/**
 * Keeps a list of alerts inside `parent`; `empty` is said when there is none, `acting(alert, history)` returns
 * controls, and `selection`, where there is one, has a box for each.
 */
export class AlertList {
  #list = h("ul", { class: "alerts" });
  #empty;
  #cards;

  constructor(parent, empty, { acting = () => undefined, selection = null } = {}) {
    const make = (alert) => card(alert, { acting, box: selection?.box(alert) });
    this.#cards = new Keyed(this.#list, (alert) => alert.id, make);
    this.#empty = h("p", { class: "empty" }, empty);
    parent.append(this.#list, this.#empty);
    this.#empty.hidden = true;
  }

  /** Times are written in `zone`, the viewer's when null. */
  show(alerts, zone = null) {
    this.#cards.show(alerts.map((alert) => ({ ...alert, zone })));
    this.#empty.hidden = alerts.length > 0;
  }
}
