"""Models for gateways: which there are, which is offered to whom, and their bytes."""

from datetime import datetime
from typing import Final

import msgspec

from collector.database.engine import Database
from collector.database.statements import Statement
from collector.errors import ProblemError
from collector.queries.sites import Id, find_site
from collector.refusals import not_found
from shared.model_card import ModelCard


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model that gateways may download."""

    version: str
    """As its file says."""
    sha256: str
    """Of the file, hexadecimal."""
    size_bytes: int
    """Of the file."""
    signature: str
    """Ed25519 over version, digest and size, base64url."""
    added_at: datetime
    """When it was added, UTC."""
    offered_at: datetime | None
    """When it was offered to all sites that have no offer of their own, UTC; null if it is not."""
    offered_sites: list[str]
    """The sites it is offered to by name."""


class _Data(msgspec.Struct, frozen=True):
    data: bytes


_LIST: Final = Statement.load("models", row=Model)
_OFFERED: Final = Statement.load("model_offered", row=ModelCard)
_ADD: Final = Statement.load("model_add", row=Id)
_OFFER: Final = Statement.load("model_offer", row=Id)
_WITHDRAW: Final = Statement.load("model_withdraw", row=Id)
_DATA: Final = Statement.load("model_data", row=_Data)


async def list_models(database: Database) -> list[Model]:
    """Return all models, the newest first."""
    return await _LIST.all(database, version=None)


async def find_model(database: Database, *, version: str) -> Model:
    """Return a model.

    Raises:
        ProblemError: There is no such model; the nearest versions are named.
    """
    found = await _LIST.first(database, version=version)
    if found is None:
        known = [model.version for model in await list_models(database)]
        raise not_found("model", wanted=version, known=known)
    return found


async def offered_model(database: Database, *, site_key: int | None) -> ModelCard | None:
    """Return what is offered to a site, or, for None, to sites without an offer of their own."""
    return await _OFFERED.first(database, site_key=site_key)


async def add_model(database: Database, *, data: bytes, card: ModelCard, now: datetime) -> Model:
    """Store a model; the same file twice is one model.

    Args:
        database: Where it is kept.
        data: The file.
        card: What vouches for it.
        now: UTC.

    Raises:
        ProblemError: There is another file of this version.
    """
    await _ADD.first(
        database,
        version=card.version,
        sha256=card.sha256,
        size_bytes=card.size_bytes,
        signature=card.signature,
        data=data,
        now=now,
    )
    found = await find_model(database, version=card.version)
    if found.sha256 != card.sha256:
        raise ProblemError(
            f"there is another model of version {card.version}, with SHA-256 {found.sha256}: a "
            "version is one file for ever; give the new one another version",
            status=409,
            title="version taken",
        )
    return found


async def offer_model(
    database: Database, *, version: str, site: str | None, now: datetime
) -> Model:
    """Offer a model to the gateways of a site, or of all sites without an offer of their own.

    Raises:
        ProblemError: There is no such model, or no such site.
    """
    await find_model(database, version=version)
    site_key = await _site_key(database, site=site)
    await _OFFER.first(database, version=version, site_key=site_key, now=now)
    return await find_model(database, version=version)


async def withdraw_offer(database: Database, *, site: str | None) -> str | None:
    """Take back an offer; gateways keep what they have.

    Returns:
        The version that was offered, None if none was.

    Raises:
        ProblemError: There is no such site.
    """
    row = await _WITHDRAW.first(database, site_key=await _site_key(database, site=site))
    return None if row is None else row.id


async def model_data(database: Database, *, version: str, start: int, length: int) -> bytes:
    """Return a piece of a model's file.

    Args:
        database: Where it is kept.
        version: Of a model that is there.
        start: The first byte.
        length: How many bytes.
    """
    row = await _DATA.first(database, version=version, start=start, length=length)
    return b"" if row is None else row.data


async def _site_key(database: Database, *, site: str | None) -> int | None:
    return None if site is None else (await find_site(database, site=site)).site_key
