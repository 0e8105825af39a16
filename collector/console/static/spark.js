// A day of power as a line of a word's size.

import { s, setAttribute } from "./dom.js";

const WIDTH = 120;
const HEIGHT = 30;

/** An SVG of half-hours (W or null); `update(values)` redraws it. Gaps stay open. */
export function spark() {
  const area = s("path", { class: "spark-area" });
  const line = s("path", { class: "spark-line" });
  const node = s(
    "svg",
    { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
    area,
    line,
  );
  const update = (values) => {
    const top = Math.max(1, ...values.map((value) => value ?? 0));
    const x = (i) => ((i * WIDTH) / Math.max(1, values.length - 1)).toFixed(1);
    const y = (value) => (HEIGHT - 2 - ((HEIGHT - 4) * Math.max(0, value)) / top).toFixed(1);
    const runs = [];
    values.forEach((value, i) => {
      if (value == null) return;
      if (i && values[i - 1] != null) runs.at(-1).push([x(i), y(value)]);
      else runs.push([[x(i), y(value)]]);
    });
    const lines = runs.map((run) => `M${run.map((point) => point.join(" ")).join("L")}`);
    const base = HEIGHT - 1;
    setAttribute(line, "d", lines.join(""));
    setAttribute(area, "d", runs.map((run, i) => `${lines[i]}L${run.at(-1)[0]} ${base}L${run[0][0]} ${base}Z`).join(""));
    const known = values.filter((value) => value != null);
    const words = known.length ? `peak ${(Math.max(...known) / 1000).toFixed(2)} kW` : "no readings";
    setAttribute(node, "aria-label", `Last 24 hours: ${words}`);
  };
  return { node, update };
}
