SELECT {columns}
FROM alert
JOIN site ON site.site_key = alert.site_key
LEFT JOIN panel ON panel.panel_key = alert.panel_key
WHERE alert_key = :id
