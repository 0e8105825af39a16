-- What gateways gave up, what they are asked to send again, and the accounts of both; alike on both flavours.

-- A range of flushes that will never arrive, or, for thinned, that arrives with fewer rows.
CREATE TABLE declared_loss (
    gateway_key integer NOT NULL REFERENCES gateway,
    stream      uuid NOT NULL,
    first_seq   bigint NOT NULL,
    last_seq    bigint NOT NULL,
    reason      text NOT NULL,
    rows        bigint,
    from_at     timestamptz NOT NULL,
    to_at       timestamptz NOT NULL,
    declared_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (gateway_key, stream, first_seq, last_seq, reason),
    CHECK (0 <= first_seq AND first_seq <= last_seq)
);

-- How far each run of an agent had counted its flushes when it last told.
CREATE TABLE stream_tail (
    gateway_key integer NOT NULL REFERENCES gateway,
    stream      uuid NOT NULL,
    next_seq    bigint NOT NULL,
    PRIMARY KEY (gateway_key, stream)
);

CREATE TABLE resend_request (
    request       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_key   integer NOT NULL REFERENCES gateway,
    from_at       timestamptz NOT NULL,
    to_at         timestamptz NOT NULL,
    asked_at      timestamptz NOT NULL,
    asked_by      text NOT NULL,
    delivered_at  timestamptz,
    answered_at   timestamptz,
    held_segments bigint,
    held_rows     bigint,
    CHECK (from_at < to_at)
);
CREATE INDEX resend_request_open ON resend_request (gateway_key) WHERE answered_at IS NULL;
CREATE INDEX resend_request_recent ON resend_request (gateway_key, request DESC);

-- How many flushes ranges have.
CREATE FUNCTION flush_count(ranges int8multirange) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT coalesce(sum(upper(part)::numeric - lower(part)), 0) FROM unnest(ranges) AS part);

-- Each declared loss, with what of its range has not arrived after all.
CREATE VIEW loss_account AS
SELECT loss.gateway_key, loss.stream, loss.first_seq, loss.last_seq, loss.reason, loss.rows,
       loss.from_at, loss.to_at, loss.declared_at, loss.received_at,
       CASE WHEN loss.reason <> 'thinned'
            THEN int8multirange(int8range(loss.first_seq, loss.last_seq, '[]'))
                 - coalesce(ledger.received, '{}')
            ELSE '{}' END AS lost,
       -- Of a range that arrived in part nobody knows which of its rows did.
       CASE WHEN loss.reason = 'thinned'
              OR NOT coalesce(ledger.received, '{}')
                     && int8range(loss.first_seq, loss.last_seq, '[]')
            THEN loss.rows
            WHEN ledger.received @> int8range(loss.first_seq, loss.last_seq, '[]')
            THEN 0 END AS lost_rows
FROM declared_loss AS loss
LEFT JOIN ledger USING (gateway_key, stream);

-- Each run of an agent that was ever heard of; ranges are of flushes.
CREATE VIEW stream_account AS
SELECT gateway_key, stream,
       coalesce(ledger.received, '{}') AS received,
       coalesce(losses.lost, '{}') AS lost,
       int8multirange(int8range(0, greatest(
           upper(ledger.received), losses.next_seq, tail.next_seq, 0)))
           - coalesce(ledger.received, '{}') - coalesce(losses.lost, '{}') AS outstanding,
       coalesce(ledger.accepted, 0) AS accepted,
       coalesce(ledger.duplicates, 0) AS duplicates,
       coalesce(ledger.rejected, 0) AS rejected,
       coalesce(losses.lost_rows, 0) AS lost_rows,
       coalesce(losses.uncounted, 0) AS lost_uncounted,
       ledger.first_received_at, ledger.last_received_at,
       greatest(ledger.last_received_at, losses.received_at) AS last_heard_at
FROM (SELECT gateway_key, stream FROM ledger
      UNION SELECT gateway_key, stream FROM declared_loss
      UNION SELECT gateway_key, stream FROM stream_tail) AS known
LEFT JOIN ledger USING (gateway_key, stream)
LEFT JOIN stream_tail AS tail USING (gateway_key, stream)
LEFT JOIN (
    SELECT gateway_key, stream,
           range_agg(lost) AS lost,
           max(last_seq) + 1 AS next_seq,
           sum(lost_rows) AS lost_rows,
           flush_count(range_agg(lost) FILTER (WHERE lost_rows IS NULL)) AS uncounted,
           max(received_at) AS received_at
    FROM loss_account GROUP BY gateway_key, stream) AS losses USING (gateway_key, stream);
