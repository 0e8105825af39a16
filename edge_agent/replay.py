"""Brings messages of the quarantine to judgement again, when a person wants it."""

import asyncio
from typing import Final, NoReturn

from edge_agent.errors import OutboxFullError
from edge_agent.intake import Intake
from edge_agent.outbox import Outbox
from edge_agent.outbox.replays import Replayed

_LOOK_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 1.0


async def replay(outbox: Outbox, intake: Intake) -> NoReturn:
    """Notice what other programs change in the outbox, and judge again what they ask for.

    A message goes the way of all others, and is forgotten once that has made it safe; a crash in
    between has it judged twice, and the key of what it became makes that no matter.
    """
    while True:
        while replayed := await outbox.replays.next():
            await _judge(outbox, intake, replayed=replayed)
        while not await outbox.noticed_change():  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(_LOOK_SECONDS)


async def _judge(outbox: Outbox, intake: Intake, *, replayed: list[Replayed]) -> None:
    for settled in {intake.take(one.message, acknowledged=True) for one in replayed}:
        await settled.wait()
    while True:
        try:
            await outbox.replays.done(replayed)
        except OutboxFullError:
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return
