"""The key that vouches for models: made once, the same for all that share the database."""

from datetime import datetime
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.database.engine import Database
from collector.database.statements import Statement


class _Key(msgspec.Struct, frozen=True):
    private_key: bytes


_FIND: Final = Statement.load("model_signer", row=_Key)
_MAKE: Final = Statement.load("model_signer_make", row=_Key)


async def signing_key(database: Database, *, now: datetime) -> Ed25519PrivateKey:
    """Return the key, making it if nobody has."""
    found = await _FIND.first(database)
    if found is None:
        fresh = Ed25519PrivateKey.generate().private_bytes_raw()
        await _MAKE.all(database, private_key=fresh, now=now)
        found = await _FIND.first(database)  # of whoever was first
    assert found is not None  # noqa: S101 - it was made above
    return Ed25519PrivateKey.from_private_bytes(found.private_key)
