-- How much of its time in sun a site's panels produced on each of its days, each panel by its rated power;
-- one of unknown rating counts as 1 W. Only the job writes here.
CREATE TABLE rollup.site_sun (
    site_key               integer NOT NULL,
    day                    date NOT NULL,
    known_watt_seconds     double precision NOT NULL,
    producing_watt_seconds double precision NOT NULL,
    PRIMARY KEY (site_key, day)
);

CREATE VIEW dashboards.site_day AS
SELECT site.site, day, 100 * producing_watt_seconds / nullif(known_watt_seconds, 0) AS availability_percentage
FROM rollup.site_sun
JOIN site USING (site_key);

-- What holds secrets is for its owner alone, the collector's role, whatever a server grants to all by default.
REVOKE ALL ON notify_route, api_token, console_session, enrollment, model_signer FROM PUBLIC;
DO $$ BEGIN GRANT SELECT ON dashboards.site_day TO heliograph_grafana; REVOKE ALL ON notify_route, api_token, console_session, enrollment, model_signer FROM heliograph_grafana; EXCEPTION WHEN undefined_object THEN NULL; END $$;
