"""A person's orders about models: written into the record, which a running agent watches."""

from collections.abc import Callable

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.errors import ModelError
from edge_agent.models.record import Record, Trial
from edge_agent.models.store import Store
from shared.model_card import RULES, SHIPPED

Check = Callable[[bytes], object]
"""Makes a model of a file's bytes and lets it prove itself; raises `ModelError`."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One model, as `edge-agent model list` shows it."""

    version: str | None
    """Its version; None for the rules alone, or where the one that came along is unusable."""
    name: str
    """What `use` takes: the version, `SHIPPED` or `RULES`."""
    state: str
    """``in use``, ``previous``, ``candidate``, ``ready`` or ``refused``."""
    since: float | None
    """Since when, epoch seconds; None for always."""
    signature: str
    """``valid``, what is wrong with it or with the file, or ``none`` where none is needed."""
    reason: str | None = None
    """Why it was given up."""
    trial: Trial | None = None
    """How it did beside the model then in use."""
    agreement: float | None = None
    """Share of panels and windows on which both said the same."""
    alarms_per_panel_day: float | None = None
    """Its alarms on trial."""
    alarms_per_panel_day_in_use: float | None = None
    """Those of the model then in use."""


def lines(store: Store, *, key: Ed25519PublicKey | None, shipped: str | None) -> list[Line]:
    """Return all models, the one in use first.

    Args:
        store: Where they are.
        key: The pinned key of the collector.
        shipped: The version that came with the agent; None if it cannot be used.
    """
    record = store.read()
    found = [_builtin(SHIPPED, record=record, version=shipped)]
    if record.in_use == RULES or shipped is None:
        found.append(_builtin(RULES, record=record, version=None))
    for version, one in record.known.items():
        trial = one.trial
        found.append(
            Line(
                version=version,
                name=version,
                state=_role(version, record=record) or one.state,
                since=record.since if record.in_use == version else one.since,
                signature=_signature(store, record=record, version=version, key=key),
                reason=one.reason,
                trial=trial,
                agreement=None if trial is None else trial.agreement,
                alarms_per_panel_day=None if trial is None else round(trial.rate, 4),
                alarms_per_panel_day_in_use=None if trial is None else round(trial.rate_in_use, 4),
            )
        )
    order = ("in use", "candidate", "previous", "ready", "refused")
    return sorted(found, key=lambda line: (order.index(line.state), -(line.since or 0)))


def use(
    store: Store, *, name: str, key: Ed25519PublicKey | None, check: Check, now: float
) -> Record:
    """Let a model be used from now on, whatever its trial says.

    Args:
        store: Where it is.
        name: A version, `SHIPPED` or `RULES`.
        key: The pinned key of the collector.
        check: What its file has to pass.
        now: Epoch seconds.

    Raises:
        ModelError: There is no such model, or it cannot be used.
    """
    known = store.read().known
    if name not in {SHIPPED, RULES}:
        if name not in known:
            there = ", ".join([SHIPPED, RULES, *known])
            raise ModelError(f"no model {name!r} is here; there are {there}")
        check(store.data(known[name].card, key=key))

    def step(record: Record) -> Record:
        tried = record.candidate
        if tried is not None and tried != name:
            record = record.with_state(tried, state="ready", now=now)
        declined = record.offered if record.offered != name else None
        shipped_failed = None if name == SHIPPED else record.shipped_failed
        chosen = msgspec.structs.replace(record, declined=declined, shipped_failed=shipped_failed)
        return chosen.using(name, now=now)

    return store.change(step)


def rollback(store: Store, *, shipped: str | None, now: float) -> tuple[str, Record]:
    """Go back to the model before, and never try the one in use again by itself.

    Args:
        store: Where they are.
        shipped: The version that came with the agent; None if it cannot be used.
        now: Epoch seconds.

    Returns:
        What was given up, and the record after it.

    Raises:
        ModelError: Only the rules are in use.
    """
    gone = ""

    def step(record: Record) -> Record:
        nonlocal gone
        if record.in_use == RULES:
            raise ModelError("the rules alone are in use: there is nothing to go back to")
        gone = record.in_use
        return record.back(reason="rolled back by hand", now=now, shipped=shipped)

    record = store.change(step)
    return gone, record


def _builtin(name: str, *, record: Record, version: str | None) -> Line:
    failed = name == SHIPPED and record.shipped_failed is not None
    return Line(
        version=version,
        name=name,
        state=_role(name, record=record) or ("refused" if failed else "ready"),
        since=(record.since or None) if record.in_use == name else None,
        signature="none",
    )


def _role(name: str, *, record: Record) -> str | None:
    if name == record.in_use:
        return "in use"
    return "previous" if name == record.previous else None


def _signature(store: Store, *, record: Record, version: str, key: Ed25519PublicKey | None) -> str:
    if not store.has(version):
        return "file gone"
    try:
        store.data(record.known[version].card, key=key)
    except ModelError as error:
        return str(error)
    return "valid"
