"""Hears the broker: gmqtt is used here and in `edge_agent.broker`, and nowhere else.

Each connection has a gmqtt client of its own. An acknowledgement belongs to the connection its
message came by: after a reconnect the broker sends unacknowledged messages again, and a late
acknowledgement of the first copy would be taken for one of whatever has that packet id by then.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

import gmqtt

from edge_agent.broker import Broker, Connection, close, connect, new_client
from edge_agent.errors import BrokerError
from edge_agent.intake import Message
from edge_agent.turns import Turns

_FIRST_DELAY: Final = 0.25
_LONGEST_DELAY: Final = 15.0
_LASTING_SECONDS: Final = 10.0
"""How long a connection has to last to count as a good one."""
_REFUSED: Final = 0x80
_TAKEN_OVER: Final = 0x8E
_RIVAL_AFTER: Final = 3
"""After how many connections in a row that did not last we suspect another of our name."""

_log = logging.getLogger(__name__)

Take = Callable[[Message, bool], asyncio.Event]
"""Gets a message and whether it is to be acknowledged; what it returns is set when it is safe."""


class Subscriber:
    """Keeps a persistent session at the broker and hands on every message once it comes."""

    def __init__(
        self,
        broker: Broker,
        *,
        topics: Sequence[str],
        take: Take,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.broker = broker
        """Where the broker is and who we are there."""
        self._topics = topics
        self._take = take
        self._now = now  # epoch seconds; the agent's does not jump within a flush
        self._turns = Turns()
        self.connected = False
        """Whether the broker is there."""
        self.trouble: str | None = None
        """Why it is not, if it is not."""
        self._rivalry: str | None = None
        self._short = 0
        self.subscribed = asyncio.Event()
        """Set once the broker has our subscriptions: from then on it keeps what we miss."""
        self.retained = 0
        """Retained copies that were dropped: they are no readings."""

    async def run(self) -> NoReturn:
        """Stay connected until cancelled; then disconnect."""
        try:
            await self._stay_connected()
        finally:
            self._turns.end()  # `close` saw to it that this acknowledges nothing

    async def acknowledge(self) -> NoReturn:
        """Acknowledge, for ever, what is safe, in the order in which it came."""
        await self._turns.run()

    async def _stay_connected(self) -> NoReturn:
        delay = _FIRST_DELAY
        while True:
            lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            client = self._client(lost)
            try:
                await connect(client, self.broker)
                self._now_connected()
                client.subscribe(
                    [gmqtt.Subscription(t, qos=1, retain_handling_options=2) for t in self._topics]
                )
                await asyncio.wait([lost], timeout=_LASTING_SECONDS)
                if not lost.done():
                    delay = _FIRST_DELAY
                    self._now_lasting()
                self._now_away(await lost)
            except BrokerError as error:
                self._now_away(str(error))
            finally:
                await close(client)
            await asyncio.sleep(random.uniform(0, delay))  # noqa: S311 - jitter, no secret
            delay = min(delay * 2, _LONGEST_DELAY)

    def _client(self, lost: asyncio.Future[str]) -> Connection:
        def on_disconnect(_client: object, packet: object, *_: object) -> None:
            if not lost.done():
                lost.set_result(self._why_lost(packet))

        client = new_client(self.broker, clean=False)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = on_disconnect
        return client

    def _why_lost(self, packet: object) -> str:
        """Return what a DISCONNECT says; gmqtt makes an empty one up if the line is cut.

        It may also lose the real one, when the end of the line comes with it: connections that
        time and again do not last say the same.
        """
        code = packet[0] if isinstance(packet, bytes) and packet else 0
        self._short += self.connected
        if code == _TAKEN_OVER or self._short >= _RIVAL_AFTER:
            said = "session taken over" if code == _TAKEN_OVER else "connections do not last"
            surely = "" if code == _TAKEN_OVER else "perhaps "
            own_id = f"another client {surely}uses the id {self.broker.client_id!r}"
            self._rivalry = f"{said}: {own_id}; each agent needs its own"
            return self._rivalry
        return f"the broker disconnected us, reason 0x{code:02X}" if code else "connection lost"

    def _on_connect(self, _client: object, session_present: int, *_: object) -> None:
        if self.subscribed.is_set() and not session_present:
            _log.warning(
                "the broker %s has forgotten our session: what was published while it or we were "
                "away is lost; let it keep its state over restarts, and sessions for long",
                self.broker,
            )

    async def _on_message(
        self,
        _client: object,
        topic: str | bytes,
        payload: bytes,
        qos: int,
        properties: Mapping[str, Any],
    ) -> int:
        """Wait until it and all before it are safe; returning is what acknowledges it."""
        settled = None
        if properties["retain"]:
            self.retained += 1
        else:
            if isinstance(topic, bytes):
                topic = topic.decode("utf-8", "replace")
            settled = self._take(Message(topic, payload, self._now()), qos > 0)
        if qos:
            await self._turns.wait(settled)
        return 0

    def _on_subscribe(
        self, _client: object, _mid: int, granted: Sequence[int], _properties: object
    ) -> None:
        refused = [t for t, qos in zip(self._topics, granted, strict=False) if qos >= _REFUSED]
        if refused:
            self.trouble = f"the broker refuses the subscription to {', '.join(refused)}"
            _log.error("%s", self.trouble)
        # Only now: what is published before the first subscription is nobody's to keep.
        _log.info("connected to the broker %s", self.broker)
        self.subscribed.set()

    def _now_connected(self) -> None:
        self.connected, self.trouble = True, self._rivalry

    def _now_lasting(self) -> None:
        if self.trouble == self._rivalry:
            self.trouble = None
        self._rivalry, self._short = None, 0

    def _now_away(self, reason: str) -> None:
        if self.connected or self.trouble is None:
            _log.warning("broker %s is away: %s; trying again", self.broker, reason)
        self.connected, self.trouble = False, reason
