// Figures and times as the console writes them. "—" is "not known"; 0 is a measured zero.

export const NONE = "—";

const formats = new Map();

function fixed(decimals) {
  if (!formats.has(decimals)) {
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    formats.set(decimals, new Intl.NumberFormat("en-GB", digits));
  }
  return formats.get(decimals);
}

/** A number with a fixed count of decimals; never "-0.0". */
export function number(value, decimals) {
  if (value == null || !Number.isFinite(value)) return NONE;
  const text = fixed(decimals).format(value);
  return /^-[0.,]+$/.test(text) ? text.slice(1) : text.replace("-", "−");
}

/** Decimals of a power in kW: two where one would hide a panel. By size, not by value: digits must not come and go. */
export const powerDecimals = (ratedWatts) => (ratedWatts != null && ratedWatts >= 100_000 ? 1 : 2);

/** Site and fleet power, kW. */
export const kilowatts = (watts, decimals) => number(watts == null ? null : watts / 1000, decimals);

/** Energy, kWh with one decimal. */
export const kilowattHours = (wh) => number(wh == null ? null : wh / 1000, 1);

/** A panel's power without what its sensor tells of none: under one watt it is 0. */
export const withoutNoise = (value) => (Math.abs(value) < 1 ? value && 0 : value);

/** A panel's power, W; one decimal below 10 W. */
export function watts(value) {
  const heard = withoutNoise(value);
  return number(heard, Math.abs(heard) < 9.95 && heard !== 0 ? 1 : 0);
}

export const percent = (ratio) => (ratio == null ? NONE : `${number(ratio * 100, 0)} %`);

/** Specific yield, kWh/kWp. */
export function specificYield(wh, ratedWatts) {
  return wh == null || !ratedWatts ? NONE : number(wh / ratedWatts, 2);
}

/** "45 s", "12 min", "3 h 12 min", "4 d 2 h". */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${hours / 24} d`;
}

const clocks = new Map();

function clock(zone, options) {
  const key = `${zone}|${JSON.stringify(options)}`;
  if (!clocks.has(key)) {
    clocks.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone ?? undefined, ...options }));
  }
  return clocks.get(key);
}

const HOUR_MINUTE = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/** "08:02" in a time zone (the viewer's when null); `moment` in milliseconds. */
export const hourMinute = (moment, zone) => clock(zone, HOUR_MINUTE).format(moment);

/** "08:02:14". */
export const hourMinuteSecond = (moment, zone) =>
  clock(zone, { ...HOUR_MINUTE, second: "2-digit" }).format(moment);

/** "22 Nov". */
export const dayMonth = (moment, zone) =>
  clock(zone, { day: "numeric", month: "short" }).format(moment);

/** A calendar day in a zone, to compare with another. */
export const dayKey = (moment, zone) =>
  clock(zone, { year: "numeric", month: "2-digit", day: "2-digit" }).format(moment);

/** "08:02", or "21 Nov 08:02" when it is not today. */
export function when(moment, now, zone) {
  const time = hourMinute(moment, zone);
  return dayKey(moment, zone) === dayKey(now, zone) ? time : `${dayMonth(moment, zone)} ${time}`;
}

/** A browser names the zones of a language's own countries, and tells the others by their offset. */
const NAMERS = ["en-GB", "en-US", "en-AU", "en-IN", "en-ZA"];
const OFFSET = /^(GMT|UTC)[+−-]/;
const namers = new Map();

function namersOf(zone) {
  if (!namers.has(zone)) {
    const options = { timeZone: zone ?? undefined, timeZoneName: "short", hour: "2-digit" };
    namers.set(zone, NAMERS.map((language) => new Intl.DateTimeFormat(language, options)));
  }
  return namers.get(zone);
}

/** The zone's short name at a moment, as in "CEST", or "GMT+9" where it has none. */
export function zoneName(moment, zone) {
  const names = namersOf(zone).map((format) => format.formatToParts(moment).find(({ type }) => type === "timeZoneName")?.value ?? "");
  return names.find((name) => !OFFSET.test(name)) ?? names[0];
}

/** Like `when`, and with the zone: "21 Nov 08:02 CET". */
export const whenThere = (moment, now, zone) => `${when(moment, now, zone)} ${zoneName(moment, zone)}`;
