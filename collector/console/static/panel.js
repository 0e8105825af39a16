// The page of one panel: four quantities on one time axis, so that one sees which of them moved.

import { alerts, panelBuckets, panels, serverNow } from "./api.js";
import { AlertList, worstFirst } from "./alert_list.js";
import { TimeChart } from "./chart.js";
import { byId, h, setText } from "./dom.js";
import { hourMinute, hourMinuteSecond, number, watts } from "./format.js";
import { Live } from "./live.js";
import { countAlerts, failing, Figures } from "./page.js";
import { RANGES, RangeButtons } from "./ranges.js";
import { Buckets, lastIndex, table } from "./series.js";
import { dataState, mark } from "./states.js";

const QUANTITIES = [
  { title: "Power", unit: "W", decimals: 0, names: ["avg_power", "min_power", "max_power"], tone: "--line-1", height: 220, atLeast: 20 },
  { title: "Voltage", unit: "V", decimals: 1, names: ["avg_voltage"], tone: "--line-2", height: 150, atLeast: 2, floating: true },
  { title: "Current", unit: "A", decimals: 2, names: ["avg_current"], tone: "--line-3", height: 150, atLeast: 0.5 },
  { title: "Temperature", unit: "°C", decimals: 1, names: ["avg_temperature"], tone: "--line-4", height: 150, atLeast: 2, floating: true },
];

const { site, panel } = byId("main").dataset;
const block = byId("charts");
const live = new Live();
const totals = new Figures(byId("totals"));
const alertList = new AlertList(byId("alerts"), "No open alerts for this panel.");
const troubles = { totals: failing(byId("totals")), alerts: failing(byId("alerts")), charts: failing(block) };
const data = mark({ shape: "dash", tone: "quiet", text: "" });
const ranges = new RangeButtons(RANGES[1], () => live.refresh());
let spans = [];

block.append(h("div", { class: "title-row" }, h("h2", {}, "Measurements"), ranges.node));
const charts = QUANTITIES.map((quantity) => {
  const part = h("section", { class: "multiple" }, h("h3", {}, quantity.title, " ", h("small", {}, quantity.unit)));
  block.append(part);
  return new TimeChart(part, { ...quantity, label: `${quantity.title} of ${panel}`, sync: "panel" });
});

async function refreshPanel() {
  const row = (await panels(site)).find(({ panel_id }) => panel_id === panel);
  if (!row) throw Object.assign(new Error(`The site ${site} has no panel ${panel}.`), { status: 404 });
  troubles.totals.clear();
  data.update(dataState(row, serverNow()));
  const facts = [row.model, row.rated_watts && `${number(row.rated_watts, 0)} W`, row.group];
  const reading = row.last_reading_at && `reading of ${hourMinuteSecond(row.last_reading_at)}`;
  setText(byId("about"), [...facts, reading].filter(Boolean).join(" · "));
  totals.show([
    { label: "Power", value: watts(row.power_watts), unit: "W" },
    { label: "Voltage", value: number(row.voltage_volts, 1), unit: "V" },
    { label: "Current", value: number(row.current_amperes, 2), unit: "A" },
    { label: "Temperature", value: number(row.temperature_celsius, 1), unit: "°C" },
    { label: "Data", value: "", mark: data.node },
  ]);
}

async function refreshCharts() {
  const range = ranges.chosen;
  const end = Math.floor(serverNow() / 1000);
  const start = end - range.seconds;
  const rows = await panelBuckets(site, panel, start, end, range.interval);
  if (range !== ranges.chosen) return;
  troubles.charts.clear();
  const buckets = new Buckets();
  const names = QUANTITIES.flatMap((quantity) => quantity.names);
  const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
  buckets.take({ t: rows.map(({ t }) => t + range.step / 2), ...columns }, true);
  QUANTITIES.forEach((quantity, i) => {
    const shown = table(quantity.names.map((name) => [buckets, name, 1]));
    charts[i].show({
      lines: [{ label: quantity.title, tone: quantity.tone, band: quantity.names.length > 1 }],
      data: shown,
      start,
      end,
      spans,
      caption: caption(quantity, shown, range),
    });
  });
}

function caption({ title, unit, decimals }, [t, values], range) {
  const last = lastIndex(values);
  if (last < 0) return `${title}: no reading in ${range.words}.`;
  const known = values.filter((value) => value != null);
  const between = `${number(Math.min(...known), decimals)} to ${number(Math.max(...known), decimals)} ${unit}`;
  return `${title} in ${range.words}: ${between}; newest ${number(values[last], decimals)} ${unit} at ${hourMinute(t[last] * 1000)}.`;
}

async function refreshAlerts() {
  const [here, everywhere] = await Promise.all([
    alerts({ site, panel }),
    alerts({ state: "open,acknowledged" }),
  ]);
  troubles.alerts.clear();
  alertList.show(worstFirst(here.filter(({ state }) => state !== "resolved")));
  const known = JSON.stringify(spans.map(({ from }) => from));
  spans = here.map(({ raised_at, cleared_at, severity }) => ({
    from: raised_at / 1000,
    to: (cleared_at ?? serverNow()) / 1000,
    tone: severity,
  }));
  countAlerts(everywhere.length);
  if (JSON.stringify(spans.map(({ from }) => from)) !== known) live.refresh();
}

live
  .add(refreshPanel, { on: ["readings"], onError: troubles.totals.onError })
  .add(refreshAlerts, { on: ["alert"], onError: troubles.alerts.onError })
  .add(refreshCharts, { on: ["readings"], gap: 10_000, onError: troubles.charts.onError })
  .start([site]);
