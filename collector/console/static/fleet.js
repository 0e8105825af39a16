// The fleet page.

import { alerts, fleet, serverNow, sites } from "./api.js";
import { AlertList, worstFirst } from "./alert_list.js";
import { Days } from "./days.js";
import { byId, h, Keyed, setText } from "./dom.js";
import { kilowattHours, kilowatts, number, percent, powerDecimals, specificYield } from "./format.js";
import { Live } from "./live.js";
import { announce, countAlerts, failing, Figures } from "./page.js";
import { PowerChart } from "./power.js";
import { spark } from "./spark.js";
import { dataState, mark, SEVERITIES, severityState, sunState, urgency } from "./states.js";

const COLUMNS = [
  ["Site", ""],
  ["Data", ""],
  ["Sun", ""],
  ["Now, kW", "number"],
  ["Last 24 h", ""],
  ["Today, kWh", "number"],
  ["Yesterday, kWh/kWp", "number"],
  ["Complete", "number"],
  ["Available", "number"],
  ["Alerts", "number"],
];

/** Sites that have a line of their last day, the worst: each is a question of its own. */
const MOST_SPARKS = 60;
/** Whose readings are followed as they come, at most. */
const MOST_FOLLOWED = 100;

const live = new Live();
const days = new Days();
const totals = new Figures(byId("totals"));
const power = new PowerChart(byId("power"), live);
const alertList = new AlertList(byId("alerts"), "No open alerts.");
const troubles = { sites: failing(byId("sites")), power: failing(byId("power")), alerts: failing(byId("alerts")) };
let decimals = 2;
let listed = [];
let silent = [];
let open = null;
let kept = new Map();

const sum = (rows, value) => {
  const known = rows.map(value).filter((figure) => figure != null);
  return known.length ? known.reduce((a, b) => a + b, 0) : null;
};

function siteRow(first) {
  const data = mark(dataState(first, serverNow()));
  const sun = mark(sunState(first, serverNow()));
  const line = spark();
  const cells = { now: h("b"), today: h("span"), yesterday: h("span"), complete: h("span"), available: h("span"), alerts: h("span") };
  const link = h("a", { href: `/sites/${encodeURIComponent(first.site)}` });
  const small = h("small");
  const parts = [[link, small], data.node, sun.node, cells.now, line.node, cells.today, cells.yesterday, cells.complete, cells.available, cells.alerts];
  const node = h(
    "tr",
    {},
    ...parts.map((part, i) => {
      const [label, kind] = COLUMNS[i];
      return i
        ? h("td", { class: kind, "data-label": label }, part)
        : h("th", { scope: "row" }, ...part);
    }),
  );
  const update = (row) => {
    const now = serverNow();
    setText(link, row.name ?? row.site);
    setText(small, `${row.panel_count} panels${row.rated_watts ? ` · ${number(row.rated_watts / 1000, 2)} kWp` : ""}`);
    data.update(dataState(row, now));
    sun.update(sunState(row, now));
    setText(cells.now, kilowatts(row.power_watts, decimals));
    line.update(days.halfHours(row.site));
    setText(cells.today, kilowattHours(row.energy_today_wh));
    setText(cells.yesterday, number(kept.get(row.site)?.specific_yield_yesterday_kwh_per_kwp, 2));
    setText(cells.complete, percent(kept.get(row.site)?.completeness_yesterday));
    setText(cells.available, percent(kept.get(row.site)?.availability_yesterday));
    setText(cells.alerts, String(row.open_alerts));
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
const rows = new Keyed(body, (row) => row.site, siteRow);
const first = h(
  "div",
  { class: "empty" },
  h("p", {}, "No site yet. Add one and let its gateway enrol:"),
  h("pre", {}, "collector site add alpha\ncollector enrollment create alpha"),
);

function showTotals(found) {
  const now = sum(found, (row) => row.power_watts);
  const rated = sum(found, (row) => row.rated_watts);
  const heard = found.filter((row) => row.power_watts != null).length;
  const today = sum(found, (row) => row.energy_today_wh);
  const yesterday = sum(found, ({ site }) => kept.get(site)?.energy_yesterday_wh);
  totals.show([
    { label: "Now", value: kilowatts(now, decimals), unit: "kW", note: rated ? `of ${number(rated / 1000, 1)} kWp · ${heard} of ${found.length} sites` : "" },
    { label: "Today", value: kilowattHours(today), unit: "kWh", note: rated ? `${specificYield(today, rated)} kWh/kWp` : "" },
    { label: "Yesterday", value: kilowattHours(yesterday), unit: "kWh", note: rated ? `${specificYield(yesterday, rated)} kWh/kWp` : "" },
  ]);
}

const chips = new Keyed(byId("attention"), ({ key }) => key, (chip) => {
  const { node, update } = mark(chip);
  const link = h("a", { class: "chip", href: chip.href }, node);
  return { node: link, update };
});

/** The strip says what needs a person; "all well" only when alerts and sites are both known. */
function showAttention() {
  if (open == null) return;
  const counts = SEVERITIES.slice(0, 3).map((severity) => [severity, open.filter((alert) => alert.severity === severity).length]);
  const found = counts
    .filter(([, count]) => count)
    .map(([severity, count]) => ({ ...severityState(severity, `${count} ${severity}`), key: severity, href: "/alerts" }));
  if (silent.length) {
    const text = silent.length === 1 ? `${silent[0].name ?? silent[0].site} is silent` : `${silent.length} sites silent`;
    found.push({ shape: "ring", tone: "high", text, key: "silent", href: "#sites-title" });
  }
  const gateways = [...kept.values()];
  for (const [key, tone, shape] of [["behind", "medium", "half"], ["silent", "high", "ring"]]) {
    const count = gateways.reduce((total, row) => total + row[`gateways_${key}`], 0);
    if (count) found.push({ shape, tone, text: `${count} gateway${count > 1 ? "s" : ""} ${key}`, key: `gateways-${key}`, href: "/gateways" });
  }
  const well = { shape: "full", tone: "good", text: "Nothing needs a person", key: "well", href: "/alerts" };
  chips.show(found.length ? found : [well]);
}

async function refreshSites() {
  const found = await sites();
  const now = serverNow();
  troubles.sites.clear();
  const largest = Math.max(0, ...found.map((row) => row.rated_watts ?? 0));
  decimals = powerDecimals(largest);
  found.sort((a, b) => urgency(a, now) - urgency(b, now) || a.site.localeCompare(b.site));
  const fresh = listed.length === 0 && found.length > 0;
  listed = found;
  silent = found.filter((row) => dataState(row, now).silent && row.last_reading_at != null);
  const wanted = found.length ? table : first;
  if (!wanted.isConnected) byId("sites").replaceChildren(wanted);
  byId("power").hidden = found.length === 0;
  rows.show(found);
  showTotals(found);
  showAttention();
  power.setSites(found);
  // Of very many sites some always have something new: these are asked for now and then instead.
  live.watch(found.length > MOST_FOLLOWED ? [] : null);
  if (fresh) live.refresh();
}

async function refreshAlerts() {
  open = worstFirst(await alerts({ state: "open,acknowledged" }));
  troubles.alerts.clear();
  alertList.show(open);
  countAlerts(open.length);
  announce(open);
  showAttention();
}

/** The days' figures come after the first rows: a page that waited for them would stay empty. */
async function refreshDays() {
  const known = kept.size;
  kept = await fleet();
  showAttention();
  const learnt = await days.learn(listed.slice(0, MOST_SPARKS));
  if (learnt || !known) live.refresh();
}

live
  .add(refreshSites, { on: ["readings", "gateway"], gap: 1000, onError: troubles.sites.onError })
  .add(refreshAlerts, { on: ["alert"], onError: troubles.alerts.onError })
  .add(() => power.refresh().then(troubles.power.clear), { on: ["readings"], gap: 5000, onError: troubles.power.onError })
  .add(refreshDays, { every: 15_000, on: ["gateway"], gap: 2000, onError: troubles.sites.onError })
  .start();
