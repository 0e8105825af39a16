// What happened to an alert: who did what and when, asked for when somebody wants to see it.

import { CAUSES } from "./alert_actions.js";
import { alertDetail, serverNow } from "./api.js";
import { h, Keyed, setAttribute, setText } from "./dom.js";
import { duration, whenThere } from "./format.js";
import { failing } from "./page.js";

/** What began longer before it was told is told with both times. */
const TOLD_LATE_MS = 60_000;

export const causeWords = (cause) => CAUSES.find(([value]) => value === cause)?.[1] ?? cause;

const by = ({ by: who }) => (who ? ` by ${who}` : "");

const DEEDS = {
  raised: ({ severity }) => `raised as ${severity}`,
  worsened: ({ severity }) => `worsened to ${severity}`,
  caught_up: () => "caught up: it was told late, and still lasts",
  cleared: () => "ended by itself",
  acknowledged: (entry) => `acknowledged${by(entry)}`,
  resolved: (entry) => `resolved${by(entry)}${entry.cause ? `: ${causeWords(entry.cause)}` : ""}`,
  reopened: (entry) => (entry.by ? `reopened${by(entry)}` : "reopened: the fault lasts"),
  commented: (entry) => `comment${by(entry)}`,
  assigned: (entry) => `assigned to ${entry.note ?? "nobody in particular"}${by(entry)}`,
  escalated: () => "escalated: nobody had taken it",
  unmuted: () => "unmuted: the planned work is over",
};

/** What was said; who an alert was assigned to is part of the deed. */
const said = ({ action, note }) => (action === "assigned" ? null : note);

function line() {
  const time = h("time");
  const deed = h("span");
  const quote = h("q");
  const node = h("li", {}, time, " ", deed, quote);
  const update = (entry) => {
    setText(time, whenThere(entry.at, serverNow(), entry.zone));
    setAttribute(time, "datetime", new Date(entry.at).toISOString());
    setText(deed, (DEEDS[entry.action] ?? (() => entry.action.replace("_", " ") + by(entry)))(entry));
    setText(quote, said(entry) ?? "");
    quote.hidden = said(entry) == null;
  };
  return { node, update };
}

function repeats({ alert, history, times_in_30_days: times }, zone) {
  const raised = history.find(({ action }) => action === "raised");
  const often = times > 1 ? `Raised ${times} times in 30 days, this time included.` : "Raised for the first time in 30 days.";
  const isLate = raised && raised.at - alert.raised_at > TOLD_LATE_MS;
  const began = `It began ${whenThere(alert.raised_at, serverNow(), zone)}`;
  return `${often}${isLate ? ` ${began}, ${duration((raised.at - alert.raised_at) / 1000)} before it was told.` : ""}`;
}

/** The history of one alert, closed at first: {node, update(row), open()}; each update asks again while it is open. */
export function alertHistory({ id }) {
  const entries = h("ol");
  const often = h("p");
  const lines = new Keyed(entries, ({ place }) => place, line);
  const body = h("div", {}, often, entries);
  const trouble = failing(body);
  let zone = null;
  const load = async () => {
    if (!node.open) return;
    try {
      const detail = await alertDetail(id);
      trouble.clear();
      setText(often, repeats(detail, zone));
      lines.show(detail.history.map((entry, place) => ({ ...entry, zone, place })));
    } catch (error) {
      trouble.onError(error);
    }
  };
  const node = h(
    "details",
    { class: "figures history", ontoggle: load },
    h("summary", { "data-key": "h", "aria-label": `History of alert ${id}` }, "History"),
    body,
  );
  const update = (row) => {
    zone = row.zone;
    load();
  };
  /** Shows what was just added. */
  const open = () => {
    node.open = true;
  };
  return { node, update, open };
}
