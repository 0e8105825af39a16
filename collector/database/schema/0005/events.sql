-- What happened lately, for those who look on. Numbers follow the order of commits, so that whoever has seen
-- one has seen all before: a lock, taken as the last thing before COMMIT, lets one transaction at a time through.

CREATE TABLE live_event (
    event    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    kind     text NOT NULL CHECK (kind IN ('alert', 'gateway')),
    site     text NOT NULL,
    body     jsonb NOT NULL
);

CREATE FUNCTION tell_live(kind text, site text, body jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1212501065, 0);
    INSERT INTO live_event (at, kind, site, body)
    VALUES (clock_timestamp(), tell_live.kind, tell_live.site, tell_live.body);
    PERFORM pg_notify('heliograph_event', '');
END
$$;

-- An entry in an alert's history is told to those who look on, and put down for every route that is to tell it.
CREATE FUNCTION tell_alert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told record;
BEGIN
    SELECT alert.*, site.site, panel.panel INTO told
    FROM alert JOIN site USING (site_key) LEFT JOIN panel USING (panel_key)
    WHERE alert.alert_key = NEW.alert_key;
    INSERT INTO notification (route_key, entry, due_at)
    SELECT route_key, NEW.entry, NEW.at + CASE WHEN told.late THEN INTERVAL '10 minutes' ELSE INTERVAL '0' END
    FROM notify_route AS route
    WHERE NEW.action IN ('raised', 'worsened', 'caught_up', 'cleared', 'reopened', 'escalated', 'unmuted')
      AND NOT told.muted
      AND (NOT told.late OR NEW.action = 'raised')
      AND severity_rank(NEW.severity) >= severity_rank(route.severity)
      AND (route.site_keys IS NULL OR told.site_key = ANY (route.site_keys))
      AND (route.alert_types IS NULL OR told.alert_type = ANY (route.alert_types))
      -- That something is over is news to those who heard of it.
      AND (NEW.action <> 'cleared' OR EXISTS (
          SELECT FROM notification AS earlier JOIN alert_history AS entry USING (entry)
          WHERE earlier.route_key = route.route_key AND entry.alert_key = NEW.alert_key))
    ON CONFLICT DO NOTHING;
    PERFORM tell_live('alert', told.site, jsonb_build_object(
        'action', NEW.action, 'by', NEW.actor, 'id', told.alert_key, 'site', told.site,
        'panel_id', told.panel, 'alert_type', told.alert_type, 'severity', told.severity,
        'state', told.state, 'title', told.title, 'raised_at', told.raised_at,
        'cleared_at', told.cleared_at, 'late', told.late, 'muted', told.muted));
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER alert_history_told AFTER INSERT ON alert_history
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_alert();

-- Since when a gateway is called silent; its next upload ends that.
ALTER TABLE gateway ADD COLUMN silent_since timestamptz;

CREATE FUNCTION tell_gateway() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_live('gateway', site.site, jsonb_build_object(
        'action', CASE WHEN NEW.silent_since IS NULL THEN 'seen' ELSE 'silent' END,
        'gateway_id', NEW.gateway, 'site', site.site, 'last_seen_at', NEW.last_seen_at))
    FROM site WHERE site.site_key = NEW.site_key;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER gateway_told AFTER UPDATE ON gateway
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.silent_since IS DISTINCT FROM NEW.silent_since
          OR (OLD.last_seen_at IS NULL AND NEW.last_seen_at IS NOT NULL))
    EXECUTE FUNCTION tell_gateway();
