SELECT CAST(:panel_id AS text) AS panel_id,
       time AS "timestamp",
       seconds,
       voltage_residual_thousandths / 1000.0::double precision AS voltage_residual_share,
       power_thousandths / 1000.0::double precision AS power_against_siblings_share,
       current_thousandths / 1000.0::double precision AS current_against_siblings_share,
       voltage_thousandths / 1000.0::double precision AS voltage_against_siblings_share,
       conversion_thousandths / 1000.0::double precision AS conversion_deviation_share,
       temperature_mc / 1000.0::double precision AS celsius_above_siblings,
       sigmas_tenths / 10.0::double precision AS sigmas,
       probability_thousandths / 1000.0::double precision AS probability,
       kind AS fault,
       quality
FROM detection_window
WHERE panel_key = :panel_key AND time >= CAST(:start AS timestamptz) AND time < CAST(:end AS timestamptz)
ORDER BY time DESC
LIMIT :limit
