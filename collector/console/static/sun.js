// Where the sun stands: good to about a hundredth of a degree, which is more than a night's shade needs.

const RADIANS = Math.PI / 180;
const J2000_MS = Date.UTC(2000, 0, 1, 12);
const DAY_MS = 86_400_000;

/** The sun's elevation in degrees (without refraction) at a moment in milliseconds, for degrees north and east. */
export function solarElevation(moment, latitude, longitude) {
  const days = (moment - J2000_MS) / DAY_MS;
  const anomaly = (357.529 + 0.98560028 * days) * RADIANS;
  const mean = 280.459 + 0.98564736 * days;
  const ecliptic = (mean + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * RADIANS;
  const tilt = (23.439 - 0.00000036 * days) * RADIANS;
  const declination = Math.asin(Math.sin(tilt) * Math.sin(ecliptic));
  const ascension = Math.atan2(Math.cos(tilt) * Math.sin(ecliptic), Math.cos(ecliptic));
  const siderealHours = 18.697374558 + 24.06570982441908 * days;
  const hourAngle = (siderealHours * 15 + longitude) * RADIANS - ascension;
  const phi = latitude * RADIANS;
  return (
    Math.asin(
      Math.sin(phi) * Math.sin(declination) +
        Math.cos(phi) * Math.cos(declination) * Math.cos(hourAngle),
    ) / RADIANS
  );
}

/** The stretches of [start, end) (seconds) in which the sun is below the horizon, to the minute. */
export function nights(start, end, latitude, longitude) {
  const found = [];
  for (let t = start; t < end; t += 60) {
    if (solarElevation(t * 1000, latitude, longitude) > -0.833) continue;
    const last = found.at(-1);
    if (last && last[1] >= t) last[1] = t + 60;
    else found.push([t, t + 60]);
  }
  return found;
}
