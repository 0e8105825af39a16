// The page of gateways.

import { byNeed, clock, drain, heardState, lostNote, unacknowledgedNote, whole } from "./accounts.js";
import { alerts, gateways, serverNow } from "./api.js";
import { byId, h, Keyed, setText } from "./dom.js";
import { NONE, when } from "./format.js";
import { Live } from "./live.js";
import { announce, countAlerts, failing, Figures } from "./page.js";
import { mark } from "./states.js";
import { sayViewersZone } from "./zone.js";

const COLUMNS = [
  ["Gateway", ""],
  ["Data", ""],
  ["Last seen", ""],
  ["Backlog, rows", "number"],
  ["Forecast", ""],
  ["Clock", ""],
  ["Lost rows", "number"],
  ["Outstanding", "number"],
  ["Agent", ""],
];

const totals = new Figures(byId("totals"));
const trouble = failing(byId("gateways"));

function gatewayRow(first) {
  const heard = mark(heardState(first, serverNow()));
  const link = h("a", { href: `/gateways/${encodeURIComponent(first.gateway_id)}` });
  const site = h("small");
  const cells = { seen: h("span"), backlog: h("b"), forecast: h("span"), clock: h("span"), lost: h("span"), outstanding: h("span"), version: h("span") };
  const parts = [[link, site], heard.node, ...Object.values(cells)];
  const node = h(
    "tr",
    {},
    parts.map((part, i) => {
      const [label, kind] = COLUMNS[i];
      return i ? h("td", { class: kind, "data-label": label }, part) : h("th", { scope: "row" }, ...part);
    }),
  );
  const update = (row) => {
    heard.update(heardState(row, serverNow()));
    setText(link, row.gateway_id);
    setText(site, row.site);
    setText(cells.seen, row.last_seen_at ? when(row.last_seen_at, serverNow(), null) : NONE);
    setText(cells.backlog, whole(row.state.backlog_rows));
    setText(cells.forecast, drain(row.state));
    setText(cells.clock, clock(row.state));
    setText(cells.lost, whole(row.lost_rows) + (row.lost_uncounted ? " +" : ""));
    setText(cells.outstanding, whole(row.outstanding));
    setText(cells.version, row.state.version ?? NONE);
  };
  return { node, update };
}

const body = h("tbody");
const table = h(
  "table",
  { class: "sites" },
  h("thead", {}, h("tr", {}, COLUMNS.map(([label, kind]) => h("th", { scope: "col", class: kind }, label)))),
  body,
);
const rows = new Keyed(body, (row) => row.gateway_id, gatewayRow);
const none = h("div", { class: "empty" }, h("p", {}, "No gateway has enrolled yet. Make a token for one:"), h("pre", {}, "collector enrollment create SITE"));

async function refresh() {
  const found = await gateways();
  trouble.clear();
  const now = serverNow();
  found.sort(byNeed(now));
  const wanted = found.length ? table : none;
  if (!wanted.isConnected) byId("gateways").replaceChildren(wanted);
  rows.show(found);
  const active = found.filter((row) => row.revoked_at == null);
  const sum = (value) => found.reduce((total, row) => total + (value(row) ?? 0), 0);
  const live = active.filter((row) => heardState(row, now).tone === "good").length;
  totals.show([
    { label: "Live", value: whole(live), unit: "", note: `of ${active.length} gateways` },
    { label: "Backlog", value: whole(sum((row) => row.state.backlog_rows)), unit: "rows", note: "waiting on their disks" },
    { label: "Lost", value: whole(sum((row) => row.lost_rows)), unit: "rows", note: lostNote({ lost_uncounted: sum((row) => row.lost_uncounted) }) || "declared, and never arrived" },
    { label: "Outstanding", value: whole(sum((row) => row.outstanding)), unit: "flushes", note: unacknowledgedNote({ unacknowledged: sum((row) => row.unacknowledged) }) || "still to come, or gone" },
  ]);
}

async function refreshAlerts() {
  const open = await alerts({ state: "open,acknowledged" });
  countAlerts(open.length);
  announce(open);
}

sayViewersZone();
new Live()
  .add(refresh, { on: ["gateway"], onError: trouble.onError })
  .add(refreshAlerts, { on: ["alert"] })
  .start([]);
