-- Aggregates of whole sites, and what keeps all aggregates right when readings come late.

CREATE SCHEMA rollup;

-- How far the job has come: what is before is in tables, what is after is computed when asked.
-- `reaches` is the newest reading it has heard of.
CREATE TABLE rollup.progress (
    minutes_until timestamptz NOT NULL,
    hours_until   timestamptz NOT NULL,
    days_until    timestamptz NOT NULL,
    reaches       timestamptz
);
INSERT INTO rollup.progress
SELECT starts, starts, starts, max(newest.time)
FROM (VALUES (timestamptz '1970-01-01 00:00+00')) AS epoch (starts)
LEFT JOIN panel ON true
LEFT JOIN LATERAL (
    SELECT time FROM reading_raw AS raw WHERE raw.panel_key = panel.panel_key ORDER BY time DESC LIMIT 1
) AS newest ON true
GROUP BY starts;

-- Each transaction that stores readings says which times of which sites it touched. It only adds, so
-- that two of them never wait for each other, and the job never forgets one that is not committed yet.
CREATE TABLE rollup.touched (
    site_key integer NOT NULL,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL
);

-- Minutes to aggregate anew, within one hour each; only the job writes here.
CREATE TABLE rollup.late (
    site_key integer NOT NULL,
    hour     timestamptz NOT NULL,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL,
    PRIMARY KEY (site_key, hour)
);

-- What the fleet's overview asks of each site, as of a minute: of its own days.
CREATE TABLE rollup.site_now (
    site_key          integer PRIMARY KEY,
    as_of             timestamptz NOT NULL,
    today             timestamptz NOT NULL,
    today_wh          double precision,
    yesterday_wh      double precision,
    today_seconds     bigint,
    yesterday_seconds bigint,
    power_at          timestamptz,
    power_mw          double precision
);

-- The power of a site's minute is the sum of its panels' means; of longer times, the mean of its minutes.
CREATE TABLE rollup.site_1m (
    site_key            integer NOT NULL,
    bucket              timestamptz NOT NULL,
    minutes             bigint NOT NULL,
    power_sum_mw        double precision,
    power_min_mw        double precision,
    power_max_mw        double precision,
    temperature_samples bigint NOT NULL,
    temperature_sum_mc  bigint,
    samples             bigint NOT NULL,
    energy_wh           double precision,
    covered_seconds     bigint NOT NULL,
    PRIMARY KEY (site_key, bucket)
);
CREATE TABLE rollup.site_1h (
    site_key            integer NOT NULL,
    bucket              timestamptz NOT NULL,
    minutes             bigint NOT NULL,
    power_sum_mw        double precision,
    power_min_mw        double precision,
    power_max_mw        double precision,
    temperature_samples bigint NOT NULL,
    temperature_sum_mc  bigint,
    samples             bigint NOT NULL,
    energy_wh           double precision,
    covered_seconds     bigint NOT NULL,
    PRIMARY KEY (site_key, bucket)
);
CREATE TABLE rollup.site_1d (
    site_key            integer NOT NULL,
    bucket              timestamptz NOT NULL,
    minutes             bigint NOT NULL,
    power_sum_mw        double precision,
    power_min_mw        double precision,
    power_max_mw        double precision,
    temperature_samples bigint NOT NULL,
    temperature_sum_mc  bigint,
    samples             bigint NOT NULL,
    energy_wh           double precision,
    covered_seconds     bigint NOT NULL,
    PRIMARY KEY (site_key, bucket)
);
