WITH changed AS (
    UPDATE alert
    SET {set}
    WHERE alert_key = :id AND {when}
    RETURNING *
),
noted AS (
    INSERT INTO alert_history (alert_key, at, action, actor, note, cause, severity)
    SELECT alert_key, CAST(:now AS timestamptz), '{action}', CAST(:by AS text), CAST(:note AS text),
           CAST(:cause AS text), severity
    FROM changed
)
SELECT {columns}
FROM changed AS alert
JOIN site ON site.site_key = alert.site_key
LEFT JOIN panel ON panel.panel_key = alert.panel_key
