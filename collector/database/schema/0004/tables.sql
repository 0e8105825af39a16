-- Models that gateways may download, and the key that vouches for them; alike on both flavours.

-- One key for all replicas. Its public half goes to each gateway, which then trusts no other: whoever
-- may read this table can sign models, so give readers of the database rights on views, not on this.
CREATE TABLE model_signer (
    only_one    boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    private_key bytea NOT NULL CHECK (octet_length(private_key) = 32),
    made_at     timestamptz NOT NULL
);
REVOKE ALL ON model_signer FROM PUBLIC;

-- A version is one file for ever: gateways remember which they have tried.
CREATE TABLE model (
    version    text PRIMARY KEY,
    sha256     text NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    signature  text NOT NULL,
    data       bytea NOT NULL,
    added_at   timestamptz NOT NULL
);
-- Compressed, a piece of it could not be read without all of it.
ALTER TABLE model ALTER COLUMN data SET STORAGE EXTERNAL;

-- What gateways are to try: those of one site, or, where site_key is NULL, of all others.
CREATE TABLE model_offer (
    site_key   integer REFERENCES site ON DELETE CASCADE,
    version    text NOT NULL REFERENCES model,
    offered_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX model_offer_place ON model_offer ((coalesce(site_key, 0)));
