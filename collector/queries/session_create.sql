WITH stale AS (DELETE FROM console_session WHERE expires_at <= CAST(:now AS timestamptz))
INSERT INTO console_session (session_hash, api_token_key, created_at, expires_at)
VALUES (
    :hash,
    (SELECT api_token_key FROM api_token WHERE token_hash = CAST(:token_hash AS bytea)),
    CAST(:now AS timestamptz),
    CAST(:expires_at AS timestamptz)
)
RETURNING expires_at
