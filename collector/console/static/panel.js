// The page of one panel: what it does now, what is wrong with it and why we think so, its last days.

import { alerts, efficiency, exportPath, panels, serverNow } from "./api.js";
import { AlertList, worstFirst } from "./alert_list.js";
import { byId, h, setAttribute, setText } from "./dom.js";
import { Evidence } from "./evidence.js";
import { hourMinuteSecond, NONE, number, percent, watts, whenThere, withoutNoise, zoneName } from "./format.js";
import { Live } from "./live.js";
import { Measurements } from "./measurements.js";
import { startIfThere } from "./not_found.js";
import { announce, countAlerts, failing, Figures } from "./page.js";
import { dataState, mark } from "./states.js";
import { RowTable } from "./table.js";
import { median } from "./tiles.js";
import { siteZone } from "./zone.js";

const { site, panel } = byId("main").dataset;
const EARLIER = 10;

const live = new Live();
const totals = new Figures(byId("totals"));
const alertList = new AlertList(byId("alerts"), "No open alerts for this panel.");
const earlier = new AlertList(byId("earlier"), "None was resolved yet.");
const blocks = ["totals", "alerts", "charts", "evidence", "days"];
const troubles = Object.fromEntries(blocks.map((block) => [block, failing(byId(block))]));
const data = mark({ shape: "dash", tone: "quiet", text: "" });
const measurements = new Measurements(byId("charts"), { site, panel }, () => live.refresh());
const evidence = new Evidence(byId("evidence"), { site, panel });
const ratio = (percentage) => (percentage == null ? NONE : percent(percentage / 100));
const days = new RowTable(byId("days"), {
  label: "Table of days",
  key: ({ date }) => date,
  empty: "No day was measured yet.",
  columns: [
    { label: "Day", text: ({ date }) => date },
    { label: "Energy, Wh", number: true, text: (row) => number(row.energy_wh, 0) },
    { label: "kWh/kWp", number: true, text: (row) => number(row.specific_yield_kwh_per_kwp, 2) },
    { label: methodOfAll, number: true, text: efficiencyOf, title: ({ method }) => METHODS[method]?.means },
    { label: "Available", number: true, text: (row) => ratio(row.availability_percentage) },
    { label: "Data", number: true, text: (row) => percent(row.coverage) },
  ],
});
const METHODS = {
  performance_ratio: { name: "Performance ratio", means: "Performance ratio: energy per rated power against the sun that was measured" },
  peer_index: { name: "Peer index", means: "Peer index: energy per rated power against the siblings' median" },
};
let isMixed = false;

/** What the efficiency of all `rows` is; where they differ, each says its own. */
function methodOfAll(rows) {
  const [only, ...more] = new Set(rows.map(({ method }) => method).filter((method) => method != null));
  isMixed = more.length > 0;
  return METHODS[only] && !isMixed ? METHODS[only].name : "Efficiency";
}

function efficiencyOf({ efficiency_percentage: percentage, method }) {
  return isMixed && percentage != null ? `${METHODS[method].name} ${ratio(percentage)}` : ratio(percentage);
}


const knownZone = siteZone(site, live);
let zone = null;
let spans = [];
let open = [];
let row = null;
let siblings = null;

/** The panels of the site; fails when this one is none of them. */
async function rowsHere() {
  const found = await panels(site);
  if (found.some(({ panel_id }) => panel_id === panel)) return found;
  throw Object.assign(new Error(`The site ${site} has no panel ${panel}`), { status: 404 });
}

async function refreshPanel() {
  zone = await knownZone();
  const found = await rowsHere();
  row = found.find(({ panel_id }) => panel_id === panel);
  troubles.totals.clear();
  const now = serverNow();
  data.update(dataState(row, now));
  siblings = siblingsOf(found, now);
  const facts = [row.model, row.rated_watts && `${number(row.rated_watts, 0)} W`, row.group];
  const reading = row.last_reading_at && `reading of ${hourMinuteSecond(row.last_reading_at, zone)} ${zoneName(row.last_reading_at, zone)}`;
  setText(byId("about"), [...facts, reading].filter(Boolean).join(" · "));
  const beside = siblings ? `${percent(withoutNoise(row.power_watts) / siblings)} of the siblings' ${watts(siblings)} W` : "";
  totals.show([
    { label: "Power", value: watts(row.power_watts), unit: "W", note: beside },
    { label: "Voltage", value: number(row.voltage_volts, 1), unit: "V" },
    { label: "Current", value: number(row.current_amperes, 2), unit: "A" },
    { label: "Temperature", value: number(row.temperature_celsius, 1), unit: "°C" },
    { label: "Data", value: "", mark: data.node },
  ]);
  showVerdict();
}

/** The median power of the panels of the same group that are heard, as this panel would give it; null without. */
function siblingsOf(found, now) {
  const kin = found.filter((one) => one.panel_id !== panel && one.group === row.group && !dataState(one, now).silent);
  const scale = (one) => (one.rated_watts && row.rated_watts ? row.rated_watts / one.rated_watts : 1);
  return median(kin.filter((one) => one.power_watts != null).map((one) => one.power_watts * scale(one))) || null;
}

/** One sentence: what is wrong, or that nothing is, as far as it can be told. */
function showVerdict() {
  if (row) setText(byId("verdict"), verdict(serverNow()));
}

function verdict(now) {
  const state = dataState(row, now);
  if (open.length) {
    const [worst] = open;
    return `${worst.title}, since ${whenThere(worst.raised_at, now, zone)}. ${worst.recommendation}`;
  }
  if (state.silent) return "It is not heard: no verdict.";
  const window = evidence.newest;
  if (!window) return "No alert is open. There is too little sun, or too little known of it, for a verdict right now.";
  const parts = [
    window.power_against_siblings_share != null && `power ${percent(1 + window.power_against_siblings_share)} of what its siblings let expect`,
    window.voltage_residual_share != null && `voltage ${number(100 * window.voltage_residual_share, 1)} % off what its current and temperature imply`,
  ].filter(Boolean);
  return `No alert is open${parts.length ? `: ${parts.join(", ")}` : ""}.`;
}

async function refreshCharts() {
  zone = await knownZone();
  if (await measurements.refresh({ spans, zone })) troubles.charts.clear();
}

async function refreshEvidence() {
  zone = await knownZone();
  await evidence.refresh(measurements.range, { spans, zone });
  troubles.evidence.clear();
  const end = Math.floor(serverNow() / 1000);
  setAttribute(byId("download"), "href", exportPath({ site, panel, start: end - measurements.range.seconds, end }));
  showVerdict();
}

async function refreshDays() {
  days.show(await efficiency(site, panel));
  troubles.days.clear();
}

async function refreshAlerts() {
  const [here, everywhere] = await Promise.all([
    alerts({ site, panel }),
    alerts({ state: "open,acknowledged" }),
  ]);
  zone = await knownZone();
  troubles.alerts.clear();
  open = worstFirst(here.filter(({ state }) => state !== "resolved"));
  alertList.show(open, zone);
  earlier.show(here.filter(({ state }) => state === "resolved").slice(0, EARLIER), zone);
  const known = JSON.stringify(spans.map(({ from }) => from));
  spans = here.map(({ raised_at, cleared_at, severity }) => ({
    from: raised_at / 1000,
    to: (cleared_at ?? serverNow()) / 1000,
    tone: severity,
  }));
  countAlerts(everywhere.length);
  announce(everywhere);
  showVerdict();
  if (JSON.stringify(spans.map(({ from }) => from)) !== known) live.refresh();
}

live
  .add(refreshPanel, { on: ["readings"], onError: troubles.totals.onError })
  .add(refreshAlerts, { on: ["alert"], onError: troubles.alerts.onError })
  .add(refreshCharts, { on: ["readings"], gap: 10_000, onError: troubles.charts.onError })
  .add(refreshEvidence, { every: 20_000, on: ["readings"], gap: 20_000, onError: troubles.evidence.onError })
  .add(refreshDays, { every: 60_000, onError: troubles.days.onError });

const links = [["Fleet", "/"]];

/** Fails when there is no such site, or no such panel there: then the site is where to go on. */
async function look() {
  await knownZone();
  links.unshift([`The site ${site}`, `/sites/${encodeURIComponent(site)}`]);
  await rowsHere();
}

startIfThere(live, { readings: [site], look, links });
