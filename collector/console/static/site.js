// The page of one site.

import { alerts, oneSite, panels, serverNow } from "./api.js";
import { AlertList, worstFirst } from "./alert_list.js";
import { Days } from "./days.js";
import { byId, setText } from "./dom.js";
import { hourMinute, kilowattHours, kilowatts, number, percent, powerDecimals, specificYield, zoneName } from "./format.js";
import { Live } from "./live.js";
import { announce, countAlerts, failing, Figures } from "./page.js";
import { PanelTiles } from "./tiles.js";
import { PowerChart } from "./power.js";
import { dataState, mark, sunState } from "./states.js";

const id = byId("main").dataset.site;
const live = new Live();
const days = new Days();
const totals = new Figures(byId("totals"));
const power = new PowerChart(byId("power"), live, { single: true });
const alertList = new AlertList(byId("alerts"), "No open alerts here.");
const tiles = new PanelTiles(byId("panels"), id);
const troubles = Object.fromEntries(
  ["totals", "power", "alerts", "panels"].map((block) => [block, failing(byId(block))]),
);
const data = mark({ shape: "dash", tone: "quiet", text: "" });
const sun = mark({ shape: "dash", tone: "quiet", text: "" });

let zone = null;

const yieldOf = (wh, { rated_watts }) =>
  wh == null || !rated_watts ? "" : `${specificYield(wh, rated_watts)} kWh/kWp`;

async function refreshSite() {
  const row = await oneSite(id);
  await days.learn([row]);
  troubles.totals.clear();
  const now = serverNow();
  data.update(dataState(row, now));
  sun.update(sunState(row, now));
  setText(byId("name"), row.name ?? row.site);
  zone = row.timezone;
  const place = [`${row.panel_count} panels`, row.rated_watts && `${number(row.rated_watts / 1000, 2)} kWp`, `${hourMinute(now, zone)} ${zoneName(now, zone)}`];
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

live
  .add(refreshSite, { on: ["readings", "gateway"], onError: troubles.totals.onError })
  .add(refreshPanels, { on: ["readings"], gap: 1000, onError: troubles.panels.onError })
  .add(refreshAlerts, { on: ["alert"], onError: troubles.alerts.onError })
  .add(() => power.refresh().then(troubles.power.clear), { on: ["readings"], gap: 5000, onError: troubles.power.onError })
  .start([id]);
