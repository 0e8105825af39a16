// The JSON API as the pages see it: times in milliseconds, rated power in watts, a site's alerts as a count and the worst.

const TIMEOUT_MS = 10_000;
const MOST_WINDOWS = 10_000;

/** What the API answered instead of data, in the words of its problem document. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

let serverAheadMs = 0;

/** The server's clock, in milliseconds: a tablet's own may be minutes off, and ages would lie. */
export const serverNow = () => Date.now() + serverAheadMs;

function learnClock(response) {
  const stamp = Date.parse(response.headers.get("date") ?? "");
  // The header is cut to whole seconds: half a second is its expected error.
  if (Number.isFinite(stamp)) serverAheadMs = stamp + 500 - Date.now();
}

let answeredAt = null;

/** When the API last gave data, by this machine's clock; null before the first time. */
export const lastAnswer = () => answeredAt;

/** The response at `path`, if it is a good one. */
async function ask(path) {
  const response = await fetch(path, {
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  learnClock(response);
  if (response.status === 401) {
    location.assign(`/sign-in?next_page=${encodeURIComponent(location.pathname + location.search + location.hash)}`);
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Problem(response.status, problem.detail ?? problem.title ?? `HTTP ${response.status}`);
  }
  return response;
}

/** What is at `path`: the answer, and the path of the next page or null. */
async function page(path) {
  const response = await ask(path);
  const answer = await response.json();
  answeredAt = Date.now();
  const [, next = null] = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "") ?? [];
  return { answer, next };
}

async function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return (await page(query ? `${path}?${query}` : path)).answer;
}

/** A list, all of its pages. */
async function list(path) {
  const found = [];
  for (let next = path; next; ) {
    const one = await page(next);
    found.push(...one.answer);
    next = one.next;
  }
  return found;
}

/** Does something: posts `body` as JSON and returns the answer. */
async function post(path, body = {}) {
  const response = await fetch(path, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Problem(response.status, problem.detail ?? problem.title ?? `HTTP ${response.status}`);
}

/** Deals with an alert: `action` as in the API's addresses. */
export const actOn = (alert, action, body) => post(`/api/alerts/${alert.id}/${action}`, body);

const MOST_AT_ONCE = 500;

/** Does the same for many alerts; returns {done, refused}, each with ids. */
export async function actOnMany(ids, body) {
  const found = { done: [], refused: [] };
  for (let from = 0; from < ids.length; from += MOST_AT_ONCE) {
    const { done, refused } = await post("/api/alerts/actions", { ...body, alert_ids: ids.slice(from, from + MOST_AT_ONCE) });
    found.done.push(...done);
    found.refused.push(...refused);
  }
  return found;
}

const stamp = (text) => (text == null ? null : Date.parse(text));
const iso = (seconds) => new Date(seconds * 1000).toISOString();
const RANKS = ["critical", "high", "medium", "low", "info"];

function site({ open_alerts: counts, rated_kwp: kwp, ...row }) {
  return {
    ...row,
    rated_watts: kwp == null ? null : kwp * 1000,
    last_reading_at: stamp(row.last_reading_at),
    open_alerts: RANKS.reduce((sum, severity) => sum + counts[severity], 0),
    worst_severity: RANKS.find((severity) => counts[severity] > 0) ?? null,
  };
}

/** All sites. */
export const sites = async () => (await list("/api/sites")).map(site);

/** All sites as their aggregates have them: yesterday, completeness, gateways; by id. */
export async function fleet() {
  return new Map((await list("/api/fleet")).map((row) => [row.site, row]));
}

/** One site. */
export const oneSite = async (id) => site(await get(`/api/sites/${encodeURIComponent(id)}`));

/** The panels of a site with their newest readings. */
export const panels = async (id) =>
  (await list(`/api/sites/${encodeURIComponent(id)}/panels`)).map((row) => ({
    ...row,
    last_reading_at: stamp(row.last_reading_at),
  }));

/** A site's `metric` from `start` to `end` (seconds): columns t (seconds), avg, min, max. */
export const siteSeries = (id, metric, { start, end, interval }) =>
  get(`/api/sites/${encodeURIComponent(id)}/series`, {
    metric,
    interval,
    start_time: iso(start),
    end_time: iso(end),
  });

/** A panel's buckets from `start` to `end` (seconds), oldest first, with `t` in seconds. */
export async function panelBuckets(siteId, panelId, start, end, interval) {
  const answer = await get(`/api/panels/${encodeURIComponent(panelId)}/readings`, {
    site: siteId,
    interval,
    start_time: iso(start),
    end_time: iso(end),
  });
  return answer
    .map((row) => ({ ...row, t: stamp(row.timestamp) / 1000 }))
    .reverse();
}

/** What the power of a panel is compared with: columns t (seconds) and compare. */
export async function panelCompared({ site, panel }, { start, end, interval }, compare) {
  const parameters = { metric: "power", panels: panel, compare, interval, start_time: iso(start), end_time: iso(end) };
  const answer = await get(`/api/sites/${encodeURIComponent(site)}/series`, parameters);
  return { t: answer.t, compare: answer.panels[0].compare };
}

/** What detection made of a panel's minutes from `start` to `end` (seconds), oldest first. */
export async function panelWindows({ site, panel }, { start, end }) {
  const answer = await get(`/api/panels/${encodeURIComponent(panel)}/windows`, {
    site,
    start_time: iso(start),
    end_time: iso(end),
    limit: MOST_WINDOWS,
  });
  return answer.map((row) => ({ ...row, timestamp: stamp(row.timestamp) })).reverse();
}

/** The last days of a panel, today first. */
export const efficiency = (site, panel, days = 7) =>
  get(`/api/panels/${encodeURIComponent(panel)}/efficiency`, { site, days });

/** Where the minutes of a panel from `start` to `end` (seconds) are as a file. */
export const exportPath = ({ site, panel, start, end }) =>
  `/api/export?${new URLSearchParams({ format: "csv", interval: "1m", site, panels: panel, start_time: iso(start), end_time: iso(end) })}`;

/** What goes by a name that holds `text`, best first, at most `limit`. Makes no figure fresher: it is no answer in that sense. */
export const search = async (text, limit) => (await ask(`/api/search?${new URLSearchParams({ q: text, limit })}`)).json();

/** Alerts, newest first; `filter` as in {state: "open", site: "alpha"}. */
export async function alerts(filter = {}) {
  const answer = await get("/api/alerts/recent", { limit: 200, ...filter });
  return answer.map(alert);
}

/** An alert, resolved ones too, with its history (the oldest first) and how often it was raised lately. */
export async function alertDetail(id) {
  const detail = await get(`/api/alerts/${id}`);
  return { ...detail, alert: alert(detail.alert), history: detail.history.map((entry) => timed(entry, "at")) };
}

/** One alert without its history. */
export const oneAlert = async (id) => (await alertDetail(id)).alert;

/** `row` with the named times in milliseconds. */
const timed = (row, ...names) => ({ ...row, ...Object.fromEntries(names.map((name) => [name, stamp(row[name])])) });

const alert = (row) => timed(row, "raised_at", "last_seen_at", "cleared_at", "resolved_at");
const gateway = (row) => timed(row, "enrolled_at", "last_seen_at", "revoked_at", "health_at");

/** The gateways of a site, or all, with the sums of their accounts. */
export const gateways = async (site) =>
  (await list(site == null ? "/api/gateways" : `/api/gateways?${new URLSearchParams({ site })}`)).map(gateway);

/** Asks a gateway to send what is `from` one time `to` another again, both as RFC 3339. */
export const askAgain = (id, range) => post(`/api/gateways/${encodeURIComponent(id)}/resend`, range);

/** One gateway's account. */
export async function oneGateway(id) {
  const answer = await get(`/api/gateways/${encodeURIComponent(id)}`);
  return {
    gateway: gateway(answer.gateway),
    streams: answer.streams.map((row) => timed(row, "first_received_at", "last_received_at")),
    lost: answer.lost,
    losses: answer.losses.map((row) => timed(row, "from", "to", "declared_at", "received_at")),
    resends: answer.resends.map((row) => timed(row, "from", "to", "asked_at", "delivered_at", "answered_at")),
  };
}
