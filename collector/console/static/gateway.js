// The page of one gateway: its account.

import { clock, drain, heardState, lostNote, ranges, unacknowledgedNote, whole } from "./accounts.js";
import { alerts, oneGateway, serverNow } from "./api.js";
import { byId, setText } from "./dom.js";
import { duration, NONE, when, whenThere } from "./format.js";
import { Live } from "./live.js";
import { startIfThere } from "./not_found.js";
import { announce, countAlerts, failing, Figures } from "./page.js";
import { resendForm } from "./resend_form.js";
import { mark } from "./states.js";
import { RowTable } from "./table.js";
import { sayViewersZone } from "./zone.js";

const id = byId("main").dataset.gateway;
const totals = new Figures(byId("totals"));
const trouble = failing(byId("totals"));
const heard = mark({ shape: "dash", tone: "quiet", text: "" });
const time = (moment) => (moment == null ? NONE : when(moment, serverNow(), null));
const span = ({ from, to }) => `${time(from)} · ${duration((to - from) / 1000)}`;
const short = ({ stream }) => stream.slice(0, 8);

const tables = {
  streams: new RowTable(byId("streams"), {
    label: "Table of runs",
    key: ({ stream }) => stream,
    empty: "No run of its agent was heard of yet.",
    columns: [
      { label: "Run", text: short, title: ({ stream }) => stream },
      { label: "Last arrived", text: (row) => time(row.last_received_at) },
      { label: "Stored", number: true, text: (row) => whole(row.accepted) },
      { label: "Duplicates", number: true, text: (row) => whole(row.duplicates) },
      { label: "Rejected", number: true, text: (row) => whole(row.rejected) },
      { label: "Lost rows", number: true, text: (row) => whole(row.lost_rows) + (row.lost_uncounted ? " +" : "") },
      { label: "Outstanding", number: true, text: (row) => whole(row.outstanding) },
      { label: "Which flushes", text: (row) => ranges(row.outstanding_ranges) },
      { label: "Unacknowledged", number: true, text: (row) => whole(row.unacknowledged) },
    ],
  }),
  lost: new RowTable(byId("lost"), {
    label: "Table of lost rows by reason",
    key: ({ reason }) => reason,
    empty: "Nothing was declared lost.",
    columns: [
      { label: "Reason", text: (row) => row.reason.replace("_", " ") },
      { label: "Rows", number: true, text: (row) => whole(row.rows) },
      { label: "Uncounted flushes", number: true, text: (row) => whole(row.uncounted) },
    ],
  }),
  losses: new RowTable(byId("losses"), {
    label: "Table of declared losses",
    key: (row) => `${row.stream} ${row.first_seq} ${row.last_seq} ${row.reason}`,
    empty: "None.",
    columns: [
      { label: "Time of the rows", text: span },
      { label: "Reason", text: (row) => row.reason.replace("_", " ") },
      { label: "Declared", number: true, text: (row) => whole(row.rows) },
      { label: "Lost", number: true, text: (row) => whole(row.lost_rows) },
      { label: "Run", text: short, title: ({ stream }) => stream },
      { label: "Flushes", text: (row) => ranges([row]) },
    ],
  }),
  resends: new RowTable(byId("resends"), {
    label: "Table of requests",
    key: ({ request }) => request,
    empty: "Nothing was asked for again.",
    columns: [
      { label: "Time range", text: span },
      { label: "Asked", text: (row) => `${time(row.asked_at)} by ${row.asked_by}` },
      { label: "Told", text: (row) => time(row.delivered_at) },
      { label: "Answered", text: (row) => time(row.answered_at) },
      { label: "Rows it still held", number: true, text: (row) => whole(row.held_rows) },
    ],
  }),
};

function showGateway(row) {
  const { state } = row;
  heard.update(heardState(row, serverNow()));
  const bytes = state.backlog_rows && state.backlog_bytes != null ? `${whole(state.backlog_bytes / 1e6)} MB` : "";
  const facts = [`site ${row.site}`, state.version && `agent ${state.version}`, `${whole(row.accepted)} readings stored`, row.duplicates && `${whole(row.duplicates)} came twice`, row.rejected && `${whole(row.rejected)} rejected`, state.set_aside && `${whole(state.set_aside)} segments set aside there`];
  setText(byId("about"), facts.filter(Boolean).join(" · "));
  totals.show([
    { label: "Backlog", value: whole(state.backlog_rows), unit: "rows", note: bytes },
    { label: "Forecast", value: "", note: drain(state) },
    { label: "Lost", value: whole(row.lost_rows), unit: "rows", note: lostNote(row) },
    { label: "Outstanding", value: whole(row.outstanding), unit: "flushes", note: unacknowledgedNote(row) },
    { label: "Data", value: "", mark: heard.node },
    { label: "Last seen", value: "", note: row.last_seen_at == null ? NONE : whenThere(row.last_seen_at, serverNow(), null) },
    { label: "Clock", value: "", note: clock(state) },
  ]);
}

async function refresh() {
  const { gateway, ...account } = await oneGateway(id);
  trouble.clear();
  showGateway(gateway);
  for (const [name, table] of Object.entries(tables)) table.show(account[name]);
}

async function refreshAlerts() {
  const open = await alerts({ state: "open,acknowledged" });
  countAlerts(open.length);
  announce(open);
}

sayViewersZone();
const live = new Live()
  .add(refresh, { on: ["gateway"], onError: trouble.onError })
  .add(refreshAlerts, { on: ["alert"] });

if (byId("ask")) resendForm(byId("ask"), { gateway: id, done: refresh });
startIfThere(live, { readings: [], look: () => oneGateway(id), links: [["Gateways", "/gateways"], ["Fleet", "/"]] });
