-- What the detector at the edge made of each window of a panel, so that operators can see why.
-- Shares are thousandths, as deviations from what is usual; NULL is "cannot be told".
CREATE TABLE detection_window (
    panel_key                    integer NOT NULL,
    time                         timestamptz NOT NULL,
    seconds                      integer NOT NULL,
    voltage_residual_thousandths smallint,
    current_thousandths          smallint,
    power_thousandths            smallint,
    temperature_mc               integer,
    conversion_thousandths       smallint,
    voltage_thousandths          smallint,
    sigmas_tenths                smallint,
    probability_thousandths      smallint,
    kind                         text,
    quality                      smallint NOT NULL,
    PRIMARY KEY (panel_key, time)
);
