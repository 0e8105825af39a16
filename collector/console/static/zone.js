// The zone that a page's times are in, and saying which: a site's own on its pages, the viewer's on all others.

import { oneSite, serverNow } from "./api.js";
import { byId, setText } from "./dom.js";
import { zoneName } from "./format.js";

/** Says on the page that its times are in `zone`, and `whose` that is. */
function say(zone, whose) {
  setText(byId("zone"), `Times in ${zoneName(serverNow(), zone)}, ${whose} zone`);
}

export const sayViewersZone = () => say(null, "your");

/** Returns what asks for the zone of `site`, once; `live` tells its times in it too. */
export function siteZone(site, live) {
  let asked = null;
  const ask = async () => {
    try {
      const { timezone } = await oneSite(site);
      live.zone = timezone;
      say(timezone, "the site's");
      return timezone;
    } catch (error) {
      asked = null;
      throw error;
    }
  };
  return () => (asked ??= ask());
}
