// The two states of a site, "Data" (do we hear it?) and "Sun" (does it produce?), and alerts' severities.
// Each has a shape and words beside its colour.

import { h, s, setAttribute, setText } from "./dom.js";
import { duration } from "./format.js";
import { solarElevation } from "./sun.js";

const LIVE_S = 10;
const SILENT_S = 15 * 60;
/** Below this elevation of the sun in degrees no verdict is given. */
const ASLEEP_DEGREES = 8;

export const SEVERITIES = ["critical", "high", "medium", "low", "info"];

const SHAPES = {
  full: () => s("circle", { cx: 6, cy: 6, r: 4.5, fill: "currentColor" }),
  ring: () => s("circle", { cx: 6, cy: 6, r: 4, fill: "none", stroke: "currentColor", "stroke-width": 1.8 }),
  half: () => [SHAPES.ring(), s("path", { d: "M6 2a4 4 0 0 1 0 8z", fill: "currentColor" })],
  square: () => s("rect", { x: 1.5, y: 1.5, width: 9, height: 9, rx: 1.5, fill: "currentColor" }),
  triangle: () => s("path", { d: "M6 1.2 11.3 10.8H.7z", fill: "currentColor" }),
  diamond: () => s("path", { d: "M6 .8 11.2 6 6 11.2.8 6z", fill: "currentColor" }),
  moon: () => s("path", { d: "M8.6 10.7A5 5 0 1 1 6.4 1.2a4.2 4.2 0 1 0 4.3 6.9 5 5 0 0 1-2.1 2.6z", fill: "currentColor" }),
  dash: () => s("path", { d: "M2 6h8", stroke: "currentColor", "stroke-width": 2 }),
  question: () => [
    s("path", { d: "M3.5 3.8a2.6 2.4 0 1 1 3.7 2.3Q6 6.6 6 7.8", fill: "none", stroke: "currentColor", "stroke-width": 1.7 }),
    s("circle", { cx: 6, cy: 10.6, r: 1.1, fill: "currentColor" }),
  ],
};

const SEVERITY_SHAPES = { critical: "square", high: "triangle", medium: "diamond", low: "full", info: "ring" };

/** A mark that shows {shape, tone, text}; `update` changes it in place. */
export function mark(state) {
  const icon = s("svg", { viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" });
  const text = h("span");
  const node = h("span", { class: "mark" }, icon, text);
  const update = (next) => {
    if (node.dataset.shape !== next.shape) icon.replaceChildren(...[SHAPES[next.shape]()].flat());
    setAttribute(node, "data-shape", next.shape);
    setAttribute(node, "data-tone", next.tone);
    setText(text, next.text);
  };
  update(state);
  return { node, update };
}

export const severityState = (severity, text = severity) => ({
  shape: SEVERITY_SHAPES[severity],
  tone: severity,
  text,
});

/** Do we hear it? From the newest reading's age. */
export function dataState(row, now) {
  if (row.last_reading_at == null) return { shape: "dash", tone: "quiet", text: "never", silent: true };
  const age = (now - row.last_reading_at) / 1000;
  if (age < LIVE_S) return { shape: "full", tone: "good", text: "live" };
  const silent = age > SILENT_S;
  const text = `${silent ? "silent" : "delayed"} ${duration(age)}`;
  return { shape: silent ? "ring" : "half", tone: silent ? "high" : "medium", text, silent };
}

/** Is it light enough at the site for a verdict? True when its place is not known. */
export function isDaylight(row, now) {
  if (row.latitude == null || row.longitude == null) return true;
  return solarElevation(now, row.latitude, row.longitude) >= ASLEEP_DEGREES;
}

/** Does it produce as it should? Silence gives no verdict, and so does the night. */
export function sunState(row, now) {
  if (dataState(row, now).silent) return { shape: "question", tone: "quiet", text: "unknown" };
  if (row.worst_severity === "critical") return { shape: "square", tone: "critical", text: "critical" };
  const light = isDaylight(row, now);
  const placed = row.latitude != null && row.longitude != null;
  if (light && placed && row.power_watts === 0) return { shape: "square", tone: "critical", text: "0 W in sun" };
  if (["high", "medium"].includes(row.worst_severity)) {
    return { shape: "triangle", tone: row.worst_severity, text: "attention" };
  }
  return light
    ? { shape: "full", tone: "good", text: "fine" }
    : { shape: "moon", tone: "quiet", text: "asleep" };
}

/** Sorts sites: critical, silent in daylight, high, medium, delayed, the rest; then by name. */
export function urgency(row, now) {
  const data = dataState(row, now);
  const sun = sunState(row, now);
  if (sun.tone === "critical") return 0;
  if (data.silent) return isDaylight(row, now) ? 1 : 4;
  return { high: 2, medium: 3 }[sun.tone] ?? (data.tone === "good" ? 5 : 4);
}
