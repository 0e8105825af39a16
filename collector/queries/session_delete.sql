DELETE FROM console_session WHERE session_hash = :hash RETURNING expires_at
