// The page of alerts.

import { alerts } from "./api.js";
import { alertActions } from "./alert_actions.js";
import { AlertList, worstFirst } from "./alert_list.js";
import { Selection } from "./alert_selection.js";
import { AskedAlert } from "./asked_alert.js";
import { byId } from "./dom.js";
import { Live } from "./live.js";
import { announce, countAlerts, failing } from "./page.js";
import { sayViewersZone } from "./zone.js";

const mayAct = "mayAct" in byId("open").dataset;
const acting = (alert, history) => (mayAct ? alertActions(alert, { done: refresh, history }) : undefined);
const selection = mayAct ? new Selection(byId("open"), refresh) : null;
const open = new AlertList(byId("open"), "No open alerts.", { acting, selection });
const recent = new AlertList(byId("recent"), "None was resolved yet.", { acting });
const trouble = failing(byId("open"));
const live = new Live();
const asked = new AskedAlert(byId("asked"), { acting, onAsked: () => live.refresh() });

async function refresh() {
  const [standing, resolved] = await Promise.all([
    alerts({ state: "open,acknowledged" }),
    alerts({ state: "resolved", limit: 50 }),
  ]);
  trouble.clear();
  await asked.refresh([...standing, ...resolved]);
  open.show(worstFirst(standing));
  selection?.keep(standing);
  recent.show(resolved);
  asked.pointOut();
  countAlerts(standing.length);
  announce(standing);
}

sayViewersZone();
live.add(refresh, { on: ["alert"], onError: trouble.onError }).start([]);
