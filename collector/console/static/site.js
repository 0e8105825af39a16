// The page of one site.

import { heardState, drain, clock } from "./accounts.js";
import { alerts, gateways, oneSite, panels, serverNow } from "./api.js";
import { AlertList, worstFirst } from "./alert_list.js";
import { DailyEnergy } from "./daily.js";
import { Days } from "./days.js";
import { byId, setText } from "./dom.js";
import { kilowattHours, kilowatts, NONE, number, percent, powerDecimals, specificYield, when } from "./format.js";
import { Live } from "./live.js";
import { startIfThere } from "./not_found.js";
import { announce, countAlerts, failing, Figures } from "./page.js";
import { PanelTiles } from "./tiles.js";
import { PowerChart } from "./power.js";
import { dataState, mark, sunState } from "./states.js";
import { RowTable } from "./table.js";
import { siteZone } from "./zone.js";

const id = byId("main").dataset.site;
const live = new Live();
const days = new Days();
const totals = new Figures(byId("totals"));
const power = new PowerChart(byId("power"), live, { single: true });
const alertList = new AlertList(byId("alerts"), "No open alerts here.");
const tiles = new PanelTiles(byId("panels"), id);
const troubles = Object.fromEntries(
  ["totals", "power", "alerts", "panels", "daily", "gateways"].map((block) => [block, failing(byId(block))]),
);
const daily = new DailyEnergy(byId("daily"), id);
const gatewayList = new RowTable(byId("gateways"), {
  label: "Table of gateways",
  key: ({ gateway_id }) => gateway_id,
  empty: "No gateway has enrolled for this site.",
  columns: [
    { label: "Gateway", text: ({ gateway_id }) => gateway_id, href: ({ gateway_id }) => `/gateways/${encodeURIComponent(gateway_id)}` },
    { label: "Data", text: (row) => heardState(row, serverNow()).text },
    { label: "Last seen", text: (row) => (row.last_seen_at ? when(row.last_seen_at, serverNow(), zone) : NONE) },
    { label: "Backlog, rows", number: true, text: (row) => number(row.state.backlog_rows, 0) },
    { label: "Forecast", text: (row) => drain(row.state) },
    { label: "Clock", text: (row) => clock(row.state) },
  ],
});
const data = mark({ shape: "dash", tone: "quiet", text: "" });
const sun = mark({ shape: "dash", tone: "quiet", text: "" });

const knownZone = siteZone(id, live);
let zone = null;

const yieldOf = (wh, { rated_watts }) =>
  wh == null || !rated_watts ? "" : `${specificYield(wh, rated_watts)} kWh/kWp`;

async function refreshSite() {
  zone = await knownZone();
  const row = await oneSite(id);
  await days.learn([row]);
  troubles.totals.clear();
  const now = serverNow();
  data.update(dataState(row, now));
  sun.update(sunState(row, now));
  setText(byId("name"), row.name ?? row.site);
  const place = [`${row.panel_count} panels`, row.rated_watts && `${number(row.rated_watts / 1000, 2)} kWp`];
  setText(byId("about"), place.filter(Boolean).join(" · "));
  totals.show([
    { label: "Now", value: kilowatts(row.power_watts, powerDecimals(row.rated_watts)), unit: "kW", note: row.rated_watts && row.power_watts != null ? `${percent(row.power_watts / row.rated_watts)} of rated` : "" },
    { label: "Today", value: kilowattHours(row.energy_today_wh), unit: "kWh", note: yieldOf(row.energy_today_wh, row) },
    { label: "Yesterday", value: kilowattHours(days.yesterday(id)), unit: "kWh", note: yieldOf(days.yesterday(id), row) },
    { label: "Data", value: "", mark: data.node },
    { label: "Sun", value: "", mark: sun.node },
  ]);
  const first = power.isEmpty;
  power.setSites([row]);
  if (first) live.refresh();
}

async function refreshAlerts() {
  const [here, everywhere] = await Promise.all([
    alerts({ site: id }),
    alerts({ state: "open,acknowledged" }),
  ]);
  zone = await knownZone();
  troubles.alerts.clear();
  const open = worstFirst(here.filter(({ state }) => state !== "resolved"));
  alertList.show(open, zone);
  power.setAlerts(open);
  tiles.setAlerts(open);
  countAlerts(everywhere.length);
  announce(open);
}

async function refreshPanels() {
  tiles.show(await panels(id), serverNow());
  troubles.panels.clear();
}

async function refreshDaily() {
  await daily.refresh(await knownZone());
  troubles.daily.clear();
}

async function refreshGateways() {
  zone = await knownZone();
  gatewayList.show((await gateways(id)).filter(({ revoked_at }) => revoked_at == null));
  troubles.gateways.clear();
}

live
  .add(refreshSite, { on: ["readings", "gateway"], onError: troubles.totals.onError })
  .add(refreshPanels, { on: ["readings"], gap: 1000, onError: troubles.panels.onError })
  .add(refreshAlerts, { on: ["alert"], onError: troubles.alerts.onError })
  .add(() => power.refresh().then(troubles.power.clear), { on: ["readings"], gap: 5000, onError: troubles.power.onError })
  .add(refreshDaily, { every: 60_000, onError: troubles.daily.onError })
  .add(refreshGateways, { every: 15_000, on: ["gateway"], onError: troubles.gateways.onError });

startIfThere(live, { readings: [id], look: knownZone, links: [["Fleet", "/"]] });
