"""The MQTT side: gmqtt is used here and nowhere else.

Each connection has a gmqtt client of its own. An acknowledgement belongs to the connection its
message came by: after a reconnect the broker sends unacknowledged messages again, and a late
acknowledgement of the first copy would be taken for one of whatever has that packet id by then.
"""

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import gmqtt
from gmqtt.mqtt.handler import MQTTConnectError

from edge_agent.errors import BrokerError
from edge_agent.intake import Message

CONNECT_SECONDS: Final = 10.0
MAX_PAYLOAD_BYTES: Final = 16_777_216
SESSION_SECONDS: Final = 0xFFFFFFFF
"""The broker keeps our session, and what we have not acknowledged, for ever."""

_KEEPALIVE_SECONDS: Final = 20
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is and who we are there."""

    host: str
    """Name or address."""
    port: int
    """TCP port."""
    client_id: str
    """The name of our session, the same at every start."""
    username: str | None = None
    """The user to sign in as."""
    password: str | None = None
    """The user's password."""
    tls: ssl.SSLContext | None = None
    """How to encrypt; None means not at all."""
    receive_maximum: int = 4_096
    """How many unacknowledged messages may be on their way to us."""

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


class _Connection(gmqtt.Client):  # type: ignore[misc] # gmqtt has no types
    """A client for one connection: it does not reconnect by itself."""

    async def reconnect(self, delay: bool = False) -> None:  # noqa: FBT001, FBT002 - as in gmqtt
        """Do nothing: `Subscriber` makes a new connection instead."""

    closing = False
    """Set by `close`: from then on nothing is acknowledged, whenever the line is really cut."""

    def _send_command_with_mid(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gmqtt's
        if not self.closing:
            super()._send_command_with_mid(*args, **kwargs)


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
        self._unsafe: set[asyncio.Event] = set()
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
            for event in self._unsafe:  # `close` saw to it that this acknowledges nothing
                event.set()

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

    def _client(self, lost: asyncio.Future[str]) -> _Connection:
        def on_disconnect(_client: object, packet: object, *_: object) -> None:
            if not lost.done():
                lost.set_result(self._why_lost(packet))

        client = new_client(self.broker, clean=False)
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

    async def _on_message(
        self,
        _client: object,
        topic: str | bytes,
        payload: bytes,
        qos: int,
        properties: Mapping[str, Any],
    ) -> int:
        """Wait until the message is safe; returning is what acknowledges it."""
        if properties["retain"]:
            self.retained += 1
            return 0
        if isinstance(topic, bytes):
            topic = topic.decode("utf-8", "replace")
        settled = self._take(Message(topic, payload, self._now()), qos > 0)
        if qos and not settled.is_set():
            self._unsafe.add(settled)
            await settled.wait()
            self._unsafe.discard(settled)
        return 0

    def _on_subscribe(
        self, _client: object, _mid: int, granted: Sequence[int], _properties: object
    ) -> None:
        refused = [t for t, qos in zip(self._topics, granted, strict=False) if qos >= _REFUSED]
        if refused:
            self.trouble = f"the broker refuses the subscription to {', '.join(refused)}"
            _log.error("%s", self.trouble)
        self.subscribed.set()

    def _now_connected(self) -> None:
        self.connected, self.trouble = True, self._rivalry
        _log.info("connected to the broker %s", self.broker)

    def _now_lasting(self) -> None:
        if self.trouble == self._rivalry:
            self.trouble = None
        self._rivalry, self._short = None, 0

    def _now_away(self, reason: str) -> None:
        if self.connected or self.trouble is None:
            _log.warning("broker %s is away: %s; trying again", self.broker, reason)
        self.connected, self.trouble = False, reason


def new_client(broker: Broker, *, clean: bool, client_id: str | None = None) -> _Connection:
    """Return a client that is not yet connected.

    Args:
        broker: Where to, and as whom.
        clean: Whether to leave no session behind, as a check does.
        client_id: Another name than the broker knows us by, so as not to push the agent out.
    """
    client = _Connection(
        client_id or broker.client_id,
        clean_session=clean,
        optimistic_acknowledgement=False,
        session_expiry_interval=0 if clean else SESSION_SECONDS,
        receive_maximum=broker.receive_maximum,
        maximum_packet_size=MAX_PAYLOAD_BYTES + 131_072,
    )
    if broker.username is not None:
        client.set_auth_credentials(broker.username, broker.password)
    return client


async def connect(client: _Connection, broker: Broker) -> None:
    """Connect and sign in.

    Raises:
        BrokerError: It cannot be reached, does not answer, or refuses us.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await client.connect(
                broker.host, broker.port, ssl=broker.tls or False, keepalive=_KEEPALIVE_SECONDS
            )
    except TimeoutError as error:
        raise BrokerError(f"no answer to MQTT 5 within {CONNECT_SECONDS:g} s") from error
    except (OSError, MQTTConnectError) as error:
        raise BrokerError(str(error)) from error


async def close(client: _Connection) -> None:
    """Disconnect if connected; never fails, never takes long."""
    client.closing = True
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.0):
            await client.disconnect()
