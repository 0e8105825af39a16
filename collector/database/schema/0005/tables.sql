-- Alerts that are handled: who did what when, planned work, whom to tell; alike on both flavours.

ALTER TABLE alert
    ADD COLUMN assigned_to   text,
    ADD COLUMN reopened_at   timestamptz,
    ADD COLUMN escalated_at  timestamptz,
    ADD COLUMN resolve_cause text,
    -- Its newest state was old when it arrived, as after an outage of the link: nobody is called for it.
    ADD COLUMN late          boolean NOT NULL DEFAULT false,
    -- It was raised during planned work.
    ADD COLUMN muted         boolean NOT NULL DEFAULT false;
CREATE INDEX alert_standing ON alert (site_key) WHERE state <> 'resolved' OR cleared_at IS NULL;

-- How each gateway of a site, or the collector itself (0), sees an alert: it ends when the last of them says so.
CREATE TABLE alert_holder (
    alert_key    bigint NOT NULL REFERENCES alert ON DELETE CASCADE,
    gateway_key  integer NOT NULL,
    last_seen_at timestamptz NOT NULL,
    cleared_at   timestamptz,
    PRIMARY KEY (alert_key, gateway_key)
);

CREATE TABLE alert_history (
    entry     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_key bigint NOT NULL REFERENCES alert ON DELETE CASCADE,
    at        timestamptz NOT NULL,
    action    text NOT NULL CHECK (action IN (
        'raised', 'worsened', 'caught_up', 'cleared', 'acknowledged', 'resolved', 'reopened',
        'commented', 'assigned', 'escalated', 'unmuted')),
    -- NULL: the collector, by what a gateway told or by a rule of its own.
    actor     text,
    note      text,
    severity  text NOT NULL
);
CREATE INDEX alert_history_by_alert ON alert_history (alert_key, entry);

INSERT INTO alert_history (alert_key, at, action, actor, severity)
SELECT alert_key, at, action, actor, severity
FROM (SELECT alert_key, received_at AS at, 'raised' AS action, NULL AS actor, severity, 1 AS place FROM alert
      UNION ALL
      SELECT alert_key, acknowledged_at, 'acknowledged', acknowledged_by, severity, 2 FROM alert
      WHERE acknowledged_at IS NOT NULL
      UNION ALL
      SELECT alert_key, resolved_at, CASE WHEN resolved_by IS NULL THEN 'cleared' ELSE 'resolved' END,
             resolved_by, severity, 3
      FROM alert WHERE resolved_at IS NOT NULL) AS known
ORDER BY at, place;

-- Planned work at a site, or at one of its panels: [from_at, to_at).
CREATE TABLE maintenance (
    maintenance_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_key        integer NOT NULL REFERENCES site,
    panel_key       integer REFERENCES panel,
    from_at         timestamptz NOT NULL,
    to_at           timestamptz NOT NULL,
    why             text NOT NULL,
    created_at      timestamptz NOT NULL,
    created_by      text NOT NULL,
    CHECK (from_at < to_at)
);
CREATE INDEX maintenance_by_end ON maintenance (to_at);

CREATE FUNCTION in_maintenance(site integer, panel integer, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM maintenance AS planned
        WHERE planned.site_key = site AND (planned.panel_key IS NULL OR planned.panel_key = panel)
          AND planned.from_at <= at AND at < planned.to_at);

CREATE FUNCTION severity_rank(severity text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_position(ARRAY['info', 'low', 'medium', 'high', 'critical'], severity);

-- Whom to tell of which alerts. The URL holds secrets: no view and no list shows it.
CREATE TABLE notify_route (
    route_key        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text NOT NULL UNIQUE,
    url              text NOT NULL,
    severity         text NOT NULL CHECK (severity_rank(severity) IS NOT NULL),
    -- NULL: of all.
    site_keys        integer[],
    alert_types      text[],
    -- At most one message in so many seconds; what comes in between goes together.
    interval_seconds integer NOT NULL CHECK (interval_seconds > 0),
    -- Between these, in this zone, only what is critical goes.
    quiet_from       time,
    quiet_to         time,
    timezone         text NOT NULL,
    created_at       timestamptz NOT NULL,
    next_at          timestamptz NOT NULL,
    leased_until     timestamptz,
    failures         integer NOT NULL DEFAULT 0,
    last_sent_at     timestamptz,
    last_error       text,
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
);

CREATE FUNCTION is_quiet(quiet_from time, quiet_to time, zone text, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN quiet_from IS NULL THEN false
        WHEN quiet_from < quiet_to
        THEN (at AT TIME ZONE zone)::time >= quiet_from AND (at AT TIME ZONE zone)::time < quiet_to
        ELSE (at AT TIME ZONE zone)::time >= quiet_from OR (at AT TIME ZONE zone)::time < quiet_to END;

-- What each route has to tell, written with what happened, in one transaction.
CREATE TABLE notification (
    notification_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    route_key        integer NOT NULL REFERENCES notify_route ON DELETE CASCADE,
    entry            bigint NOT NULL REFERENCES alert_history ON DELETE CASCADE,
    due_at           timestamptz NOT NULL,
    delivered_at     timestamptz,
    given_up_at      timestamptz,
    UNIQUE (route_key, entry)
);
CREATE INDEX notification_due ON notification (route_key, due_at)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;

-- When each job ran last, so that several processes do nothing twice.
CREATE TABLE job (
    name   text PRIMARY KEY,
    ran_at timestamptz NOT NULL
);
