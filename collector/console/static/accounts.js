// What pages say of a gateway: is it heard, what waits there, what is lost.

import { duration, NONE, number } from "./format.js";

const LIVE_S = 90;
const SILENT_S = 15 * 60;
const CLOCK_S = 2;
/** Up to here a clock's error is told in seconds: nobody sets one right by minutes. */
const SECONDS_UP_TO = 600;

/** Do we hear it? It uploads at least its report, each 30 s. */
export function heardState(gateway, now) {
  if (gateway.revoked_at != null) return { shape: "dash", tone: "quiet", text: "revoked" };
  if (gateway.last_seen_at == null) return { shape: "dash", tone: "quiet", text: "never" };
  const age = (now - gateway.last_seen_at) / 1000;
  if (age < LIVE_S) return { shape: "full", tone: "good", text: "live" };
  if (age < SILENT_S) return { shape: "half", tone: "medium", text: `delayed ${duration(age)}` };
  return { shape: "ring", tone: "high", text: `silent ${duration(age)}` };
}

/** "drained in 4 min", "grows", "none"; "—" when it has not said. */
export function drain({ backlog_rows, backlog_grows, drained_in_seconds }) {
  if (backlog_rows == null) return NONE;
  if (backlog_rows === 0) return "none";
  if (backlog_grows) return "grows";
  return drained_in_seconds == null ? "not foreseen" : `drained in ${duration(drained_in_seconds)}`;
}

export const whole = (value) => number(value, 0);

/** How far the gateway's clock is ahead of ours. */
export function clock({ clock_offset_seconds: offset }) {
  if (offset == null) return NONE;
  if (Math.abs(offset) < CLOCK_S) return "right";
  const size = Math.abs(offset);
  return `${size < SECONDS_UP_TO ? `${whole(size)} s` : duration(size)} ${offset > 0 ? "behind" : "ahead"}`;
}

/** Lost rows; flushes whose rows nobody knows are told apart. */
export const lostNote = ({ lost_uncounted }) =>
  lost_uncounted ? `and ${whole(lost_uncounted)} flushes of unknown size` : "";

/** "5 to 9, 12" of ranges of flushes, the first few of them. */
export function ranges(list, shown = 4) {
  const texts = list.slice(0, shown).map(({ first_seq, last_seq }) =>
    first_seq === last_seq ? `${first_seq}` : `${first_seq} to ${last_seq}`,
  );
  return texts.join(", ") + (list.length > shown ? ", …" : "");
}

/** Sorts: silent, then what is lost or outstanding, then a backlog; then by site. */
export function byNeed(now) {
  const rank = (gateway) => {
    if (gateway.revoked_at != null) return 4;
    if (heardState(gateway, now).tone === "high") return 0;
    if (gateway.lost_rows || gateway.lost_uncounted) return 1;
    return gateway.state.backlog_rows ? 2 : 3;
  };
  return (a, b) =>
    rank(a) - rank(b) || a.site.localeCompare(b.site) || a.gateway_id.localeCompare(b.gateway_id);
}
