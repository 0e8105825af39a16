-- The outbox file, version 2. Times are microseconds since 1970-01-01 UTC.

-- What the collector has not confirmed yet; ids grow in the order segments came. A put touches
-- this table and no index (but for urgent ones): every page more is written to flash twice.
CREATE TABLE segment (
    id         INTEGER PRIMARY KEY,
    kind       INTEGER NOT NULL,            -- 0 urgent: alerts, declared losses; 1 bulk
    stream     BLOB    NOT NULL,
    first_seq  INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL,
    rows       INTEGER NOT NULL,
    readings   INTEGER NOT NULL,
    from_us    INTEGER NOT NULL,
    to_us      INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    thinned    INTEGER NOT NULL DEFAULT 0,  -- 1: its readings are one-minute means
    boot       BLOB,                        -- NULL: it may go; else held, and the boot of this computer
    offset_us  INTEGER,                     -- with boot: wall clock minus time since boot, at the flush
    checksum   INTEGER NOT NULL,            -- CRC-32 of the body
    body       BLOB    NOT NULL
);

CREATE INDEX held_segment ON segment (id) WHERE boot IS NOT NULL;
CREATE INDEX urgent_segment ON segment (id) WHERE kind = 0;

-- Segments the collector refuses as they are, or that are damaged; kept for a person to look at.
-- Their columns are those of a segment, so that they can go back into the line as they were.
CREATE TABLE set_aside (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         INTEGER NOT NULL,
    stream       BLOB    NOT NULL,
    first_seq    INTEGER NOT NULL,
    last_seq     INTEGER NOT NULL,
    rows         INTEGER NOT NULL,
    readings     INTEGER NOT NULL,
    from_us      INTEGER NOT NULL,
    to_us        INTEGER NOT NULL,
    created_us   INTEGER NOT NULL,
    thinned      INTEGER NOT NULL DEFAULT 0,
    boot         BLOB,
    offset_us    INTEGER,
    checksum     INTEGER NOT NULL,
    body         BLOB    NOT NULL,
    set_aside_us INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    lost         INTEGER NOT NULL DEFAULT 0   -- 1: damaged, its loss is declared, it cannot go back
);

-- Messages, and rows the collector rejected, that were not stored.
CREATE TABLE quarantine (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    tier          TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    topic         TEXT    NOT NULL,
    payload       BLOB    NOT NULL,
    payload_bytes INTEGER NOT NULL,
    readings      INTEGER NOT NULL,
    received_us   INTEGER NOT NULL
);

-- Messages of the quarantine that a person wants to be judged again.
CREATE TABLE replay (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    topic       TEXT    NOT NULL,
    payload     BLOB    NOT NULL,
    received_us INTEGER NOT NULL
);

-- What must survive a restart, by name: open alert episodes, totals.
CREATE TABLE state (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
