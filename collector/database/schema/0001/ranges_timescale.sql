-- The aggregates of a period, which is what every query asks for; see ranges_plain.sql for why.

CREATE FUNCTION reading_1m_between(starts timestamptz, ends timestamptz) RETURNS SETOF reading_1m
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT * FROM reading_1m WHERE bucket >= starts AND bucket < ends
$$;

CREATE FUNCTION reading_1h_between(starts timestamptz, ends timestamptz) RETURNS SETOF reading_1h
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT * FROM reading_1h WHERE bucket >= starts AND bucket < ends
$$;

CREATE FUNCTION reading_1d_between(starts timestamptz, ends timestamptz) RETURNS SETOF reading_1d
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT * FROM reading_1d WHERE bucket >= starts AND bucket < ends
$$;
