// What a chart draws beside its lines: night, alerts, the newest point, and names at the lines' ends.

import { lastIndex } from "./series.js";

/** A custom property of the page, so that charts follow the theme. */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** "#rrggbb" with an opacity from 0 to 1. */
export function faded(hex, opacity) {
  return hex + Math.round(opacity * 255).toString(16).padStart(2, "0");
}

/** A fill that fades from under the line to the axis. */
export function glow(u, hex, opacity) {
  const { top, height } = u.bbox;
  const shade = u.ctx.createLinearGradient(0, top, 0, top + height);
  shade.addColorStop(0, faded(hex, opacity));
  shade.addColorStop(1, faded(hex, 0));
  return shade;
}

function stretch(u, [from, to], paint) {
  const { left, top, width, height } = u.bbox;
  const x0 = Math.max(left, u.valToPos(from, "x", true));
  const x1 = Math.min(left + width, u.valToPos(to, "x", true));
  if (x1 > x0) paint(x0, top, x1 - x0, height);
}

/** Shades [start, end] stretches in seconds. */
export function shadeNights(u, nights) {
  u.ctx.save();
  u.ctx.fillStyle = token("--night");
  for (const night of nights) stretch(u, night, (...box) => u.ctx.fillRect(...box));
  u.ctx.restore();
}

/** Hatches alerts' spans {from, to, tone} behind the lines, so that they show without colour too. */
export function hatch(u, spans) {
  const { ctx } = u;
  const gap = 7 * devicePixelRatio;
  for (const { from, to, tone } of spans) {
    stretch(u, [from, to], (x, y, width, height) => {
      ctx.save();
      ctx.beginPath();
      ctx.rect(x, y, width, height);
      ctx.clip();
      ctx.fillStyle = faded(token(`--${tone}`), 0.07);
      ctx.fillRect(x, y, width, height);
      ctx.strokeStyle = faded(token(`--${tone}`), 0.28);
      ctx.lineWidth = devicePixelRatio;
      ctx.beginPath();
      for (let start = x - height; start < x + width; start += gap) {
        ctx.moveTo(start, y + height);
        ctx.lineTo(start + height, y);
      }
      ctx.stroke();
      ctx.restore();
    });
  }
}

/** Draws a dashed line across at each of `guides` that the scale has, with its value. */
export function guide(u, { guides = [], unit }) {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const pixels = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = token("--muted");
  ctx.font = `${11 * pixels}px ${token("--font")}`;
  ctx.textAlign = "right";
  ctx.lineWidth = pixels;
  ctx.setLineDash([2 * pixels, 4 * pixels]);
  for (const value of guides) {
    const y = u.valToPos(value, "y", true);
    if (y < top || y > top + height) continue;
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    ctx.fillText(`${value} ${unit}`.replace("-", "−"), left + width - 4 * pixels, y - 4 * pixels);
  }
  ctx.restore();
}

/** Flags moments {at, tone}: a dashed line with a triangle on top. */
export function raiseFlags(u, flags) {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const unit = devicePixelRatio;
  for (const { at, tone } of flags) {
    const x = u.valToPos(at, "x", true);
    if (x < left || x > left + width) continue;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = token(`--${tone}`);
    ctx.lineWidth = unit;
    ctx.setLineDash([3 * unit, 4 * unit]);
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x, top - 4 * unit);
    ctx.lineTo(x + 5 * unit, top + 5 * unit);
    ctx.lineTo(x - 5 * unit, top + 5 * unit);
    ctx.fill();
    ctx.restore();
  }
}

/** Marks each line's newest point, and names the line there when `named`. */
export function markEnds(u, lines, named) {
  const { ctx } = u;
  const ends = lines
    .map((line) => ({ ...line, i: lastIndex(u.data[line.column]) }))
    .filter(({ i, column }) => i >= 0 && u.series[column].show)
    .map((line) => ({
      ...line,
      x: u.valToPos(u.data[0][line.i], "x", true),
      y: u.valToPos(u.data[line.column][line.i], "y", true),
    }))
    .filter(({ x }) => x >= u.bbox.left && x <= u.bbox.left + u.bbox.width + 1);
  ctx.save();
  for (const { x, y, hex } of ends) {
    ctx.fillStyle = faded(hex, 0.25);
    disc(ctx, x, y, 7);
    ctx.fillStyle = hex;
    disc(ctx, x, y, 3.2);
  }
  if (named) nameEnds(u, ends);
  ctx.restore();
}

function disc(ctx, x, y, radius) {
  ctx.beginPath();
  ctx.arc(x, y, radius * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fill();
}

const NAME_GAP = 12;
const nameFont = (pixels) => `600 ${12 * pixels}px ${token("--font")}`;
const cut = (label) => (label.length > 18 ? `${label.slice(0, 17)}…` : label);

/** Room that the lines' names need right of the plot, in CSS pixels. */
export function endsWidth(u, lines) {
  u.ctx.save();
  u.ctx.font = nameFont(1);
  const widest = Math.max(...lines.map(({ label }) => u.ctx.measureText(cut(label)).width));
  u.ctx.restore();
  return Math.ceil(widest) + NAME_GAP + 4;
}

/** Writes names right of the plot, pushed apart so that none covers another. */
function nameEnds(u, ends) {
  const { ctx } = u;
  const apart = 16 * devicePixelRatio;
  const x = u.bbox.left + u.bbox.width + NAME_GAP * devicePixelRatio;
  ctx.font = nameFont(devicePixelRatio);
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  let lowest = -Infinity;
  for (const { y, hex, label } of ends.sort((a, b) => a.y - b.y)) {
    lowest = Math.max(y, lowest + apart);
    ctx.fillStyle = hex;
    ctx.fillText(cut(label), x, lowest);
  }
}
