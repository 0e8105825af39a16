SELECT coalesce(api_token.name, 'open console') AS name, coalesce(api_token.role, 'viewer') AS role
FROM console_session AS session
LEFT JOIN api_token USING (api_token_key)
WHERE session_hash = :hash
  AND session.expires_at > CAST(:now AS timestamptz)
  AND (
      CASE
          WHEN session.api_token_key IS NULL THEN CAST(:console_open AS boolean)
          ELSE api_token.revoked_at IS NULL
              AND (api_token.expires_at IS NULL OR api_token.expires_at > CAST(:now AS timestamptz))
      END
  )
