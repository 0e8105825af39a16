-- Tables of both flavours. Quantities are int4 thousandths of the public unit; NULL is "not measured".

CREATE TABLE site (
    site_key   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site       text NOT NULL UNIQUE,
    name       text NOT NULL,
    latitude   double precision,
    longitude  double precision,
    timezone   text NOT NULL DEFAULT 'UTC',
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Registered on first sight; what the gateway's configuration says about it follows in segments.
CREATE TABLE panel (
    panel_key     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_key      integer NOT NULL REFERENCES site,
    panel         text NOT NULL,
    model         text,
    rated_watts   double precision,
    panel_group   text,
    latitude      double precision,
    longitude     double precision,
    registered_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (site_key, panel)
);
CREATE INDEX panel_by_id ON panel (panel);

-- No secret of a gateway is kept: only the public half of its Ed25519 key.
CREATE TABLE gateway (
    gateway_key  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway      text NOT NULL UNIQUE,
    site_key     integer NOT NULL REFERENCES site,
    public_key   bytea NOT NULL UNIQUE CHECK (octet_length(public_key) = 32),
    enrolled_at  timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz,
    revoked_at   timestamptz,
    health       jsonb,
    health_at    timestamptz
);

-- Tokens are random, so their SHA-256 is all that has to be kept.
CREATE TABLE enrollment (
    token_hash  bytea PRIMARY KEY,
    site_key    integer NOT NULL REFERENCES site,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    gateway_key integer REFERENCES gateway,
    redeemed_at timestamptz
);

CREATE TABLE api_token (
    api_token_key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL,
    token_hash    bytea NOT NULL UNIQUE,
    role          text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin', 'ingest')),
    site_key      integer REFERENCES site,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz,
    revoked_at    timestamptz,
    CHECK ((role = 'ingest') = (site_key IS NOT NULL))
);

-- A browser that signed in with a token; api_token_key is NULL where the console is open to all.
CREATE TABLE console_session (
    session_hash  bytea PRIMARY KEY,
    api_token_key integer REFERENCES api_token ON DELETE CASCADE,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL
);

-- Which flushes of which gateway have been committed, and how many readings they brought.
CREATE TABLE ledger (
    gateway_key       integer NOT NULL REFERENCES gateway,
    stream            uuid NOT NULL,
    received          int8multirange NOT NULL,
    accepted          bigint NOT NULL,
    duplicates        bigint NOT NULL,
    rejected          bigint NOT NULL,
    first_received_at timestamptz NOT NULL,
    last_received_at  timestamptz NOT NULL,
    PRIMARY KEY (gateway_key, stream)
);

CREATE TABLE reading_raw (
    panel_key      integer NOT NULL,
    time           timestamptz NOT NULL,
    temperature_mc integer,
    voltage_mv     integer,
    current_ma     integer,
    power_mw       integer,
    quality        smallint NOT NULL,
    PRIMARY KEY (panel_key, time)
);

CREATE TABLE weather (
    site_key         integer NOT NULL,
    time             timestamptz NOT NULL,
    irradiance_mw_m2 integer,
    ambient_mc       integer,
    wind_mm_s        integer,
    PRIMARY KEY (site_key, time)
);

-- Grid is positive when importing, battery when charging.
CREATE TABLE meter (
    site_key                integer NOT NULL,
    time                    timestamptz NOT NULL,
    load_mw                 bigint,
    grid_mw                 bigint,
    battery_mw              bigint,
    battery_soc_thousandths integer,
    PRIMARY KEY (site_key, time)
);

CREATE TABLE alert (
    alert_key       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_key        integer NOT NULL REFERENCES site,
    panel_key       integer REFERENCES panel,
    alert_type      text NOT NULL,
    severity        text NOT NULL CHECK (severity IN ('info', 'low', 'medium', 'high', 'critical')),
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'resolved')),
    episode         text NOT NULL,
    raised_at       timestamptz NOT NULL,
    last_seen_at    timestamptz NOT NULL,
    cleared_at      timestamptz,
    received_at     timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at     timestamptz,
    resolved_by     text,
    title           text NOT NULL,
    recommendation  text NOT NULL,
    details         jsonb NOT NULL DEFAULT '{}',
    model_version   text,
    UNIQUE (site_key, episode)
);
-- One open episode per (site, panel, type); a site's own alerts have no panel.
CREATE UNIQUE INDEX alert_open ON alert (site_key, coalesce(panel_key, 0), alert_type)
    WHERE state <> 'resolved';
CREATE INDEX alert_recent ON alert (raised_at DESC);

-- Episodes that went on with an open alert instead of becoming their own, as after an agent's restart.
CREATE TABLE alert_continuation (
    site_key  integer NOT NULL REFERENCES site,
    episode   text NOT NULL,
    alert_key bigint NOT NULL REFERENCES alert ON DELETE CASCADE,
    PRIMARY KEY (site_key, episode)
);
CREATE INDEX alert_continuation_by_alert ON alert_continuation (alert_key);

-- The public face of reading_raw: volts, amperes, watts and degrees.
CREATE VIEW reading AS
SELECT site.site,
       panel.panel AS panel_id,
       raw.time AS "timestamp",
       raw.temperature_mc / 1000.0::double precision AS temperature_celsius,
       raw.voltage_mv / 1000.0::double precision AS voltage_volts,
       raw.current_ma / 1000.0::double precision AS current_amperes,
       raw.power_mw / 1000.0::double precision AS power_output_watts,
       raw.quality
FROM reading_raw AS raw
JOIN panel USING (panel_key)
JOIN site USING (site_key);
