"""Publishing at QoS 1 with gmqtt: what is unacknowledged when a connection ends is sent again.

Each connection is a new gmqtt client, because gmqtt forgets its own unacknowledged messages when
the broker has lost the session; they are kept here instead.
"""

import asyncio
import logging
import random
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import gmqtt
from gmqtt.mqtt.handler import MQTTConnectError

from models.simulator.broker import Broker
from models.simulator.errors import BrokerAwayError, BrokerRefusedError
from models.simulator.messages import Message
from models.simulator.tally import Tally

_IN_FLIGHT: Final = 256
_WAITING: Final = 2_000
_KEEPALIVE_S: Final = 20
_CONNECT_S: Final = 10.0
_BACKOFF_S: Final = (0.2, 10.0)
_NO_RECONNECT: Final = -2  # gmqtt: -1 is for ever, 0 is once
_REFUSED_FROM: Final = 0x80
_RETRYABLE: Final = frozenset({3, 128, 131, 136, 137, 151, 159})


class _Window:
    """The messages in flight on one connection; gmqtt takes it for its store."""

    def __init__(self, on_acknowledged: Callable[[Message], None]) -> None:
        self.messages: dict[int, Message] = {}
        self.sending: Message | None = None
        self.is_empty = True  # nothing for gmqtt to send again: `Publisher` does that
        self._on_acknowledged = on_acknowledged

    def push_message(self, mid: int, _package: bytes) -> None:
        assert self.sending is not None  # noqa: S101 - only `Publisher._pump` publishes
        self.messages[mid] = self.sending

    def remove_message_by_mid(self, mid: int) -> None:
        message = self.messages.pop(mid, None)
        if message is not None:
            self._on_acknowledged(message)

    async def wait_empty(self) -> None:
        """Return at once."""

    def get_all(self) -> list[tuple[int, bytes]]:
        return []

    def clear(self) -> None:
        """Keep everything: a lost session is `Publisher`'s concern."""


class Publisher:
    """Sends messages in order, at least once, with a bound on those unacknowledged."""

    def __init__(self, broker: Broker, *, tally: Tally, report: Callable[[str], None]) -> None:
        """Take the broker, the account to keep, and whom to tell of changes of the connection."""
        self._broker = broker
        self._tally = tally
        self._report = report
        self._name = f"panel-simulator-{uuid4().hex[:12]}"
        self._waiting: deque[tuple[Message, bool]] = deque()
        self._window = _Window(self._acknowledged)
        self._client: Any = None
        self._limit = _IN_FLIGHT
        self._refusal: int | None = None
        self._lost = asyncio.Event()
        self._moved = asyncio.Event()

    async def run(self, *, patience_s: float) -> None:
        """Stay connected until cancelled.

        Args:
            patience_s: How long to try for the first connection.

        Raises:
            BrokerAwayError: There was none in that time.
            BrokerRefusedError: The broker does not want us or our messages.
        """
        try:
            async with asyncio.timeout(patience_s):
                await self._connect()
        except TimeoutError as exc:
            raise BrokerAwayError(f"no MQTT broker at {self._broker} in {patience_s:g} s") from exc
        try:
            while True:
                await self._stay()
                self._report(f"lost the MQTT broker at {self._broker}")
                await self._connect()
                self._tally.reconnects += 1
                self._report(f"connected to the MQTT broker at {self._broker} again")
        finally:
            await _close(self._client)

    async def send(self, message: Message) -> None:
        """Queue a message, waiting while too many are unacknowledged."""
        while len(self._waiting) >= _WAITING:
            self._moved.clear()
            await self._moved.wait()
        self._waiting.append((message, True))
        self._pump()

    async def drain(self) -> None:
        """Wait until everything is acknowledged."""
        while self._waiting or self._window.messages:
            self._moved.clear()
            await self._moved.wait()

    async def _connect(self) -> None:
        """Connect, trying until it works."""
        pause = _BACKOFF_S[0]
        while not await self._try():
            if pause == _BACKOFF_S[0]:
                self._report(f"no MQTT broker at {self._broker}, trying again")
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
            pause = min(pause * 2, _BACKOFF_S[1])
        self._pump()

    async def _try(self) -> bool:
        client = self._new_client()
        try:
            async with asyncio.timeout(_CONNECT_S):
                await client.connect(
                    self._broker.host,
                    self._broker.port,
                    ssl=self._broker.tls or False,
                    keepalive=_KEEPALIVE_S,
                )
        except MQTTConnectError as exc:
            if exc._code in _RETRYABLE:  # noqa: SLF001 - gmqtt shows the code nowhere else
                return False
            raise BrokerRefusedError(f"MQTT broker at {self._broker}: {exc.message}") from exc
        except ssl.SSLCertVerificationError as exc:
            text = f"MQTT broker at {self._broker}: {exc.verify_message}"
            raise BrokerRefusedError(text) from exc
        except (OSError, TimeoutError):
            await _close(client)
            return False
        self._client = client
        return True

    def _new_client(self) -> Any:  # noqa: ANN401 - gmqtt has no types
        self._lost = lost = asyncio.Event()
        self._window = window = _Window(self._acknowledged)
        client = gmqtt.Client(self._name, persistent_storage=window)
        client.set_config({"reconnect_retries": _NO_RECONNECT})
        if self._broker.username is not None:
            client.set_auth_credentials(self._broker.username, self._broker.password)

        def connected(_client: object, _flags: int, _code: int, properties: dict[str, Any]) -> None:
            allowed = properties.get("receive_maximum", [65_535])[0]
            self._limit = max(1, min(_IN_FLIGHT, allowed - 1))

        def disconnected(*_args: object) -> None:
            lost.set()

        client.on_connect = connected
        client.on_disconnect = disconnected
        self._watch_refusals(client)
        return client

    def _watch_refusals(self, client: Any) -> None:  # noqa: ANN401 - gmqtt has no types
        """See what gmqtt does not look at: the reason code of a PUBACK."""
        handler = client._package_handler  # noqa: SLF001 - there is no public way
        accept = handler._handle_puback_packet  # noqa: SLF001

        def puback(command: int, packet: bytes) -> None:
            if len(packet) > 2 and packet[2] >= _REFUSED_FROM:  # noqa: PLR2004 - after the id
                self._refusal = packet[2]
                self._lost.set()
            else:
                accept(command, packet)

        handler._handle_puback_packet = puback  # noqa: SLF001

    async def _stay(self) -> None:
        """Return when the connection has ended, with what it left unacknowledged queued first."""
        await self._lost.wait()
        if self._refusal is not None:
            raise BrokerRefusedError(
                f"MQTT broker at {self._broker} refuses our messages: reason 0x{self._refusal:02x}"
            )
        client, self._client = self._client, None
        left = [(message, False) for message in self._window.messages.values()]
        self._window.messages.clear()
        self._waiting.extendleft(reversed(left))
        await _close(client)

    def _pump(self) -> None:
        """Send what waits while the broker has room for it."""
        window = self._window
        while self._waiting and self._client is not None and len(window.messages) < self._limit:
            message, first = self._waiting.popleft()
            if first:
                self._tally.sent(message)
            window.sending = message
            self._client.publish(message.topic, message.payload, qos=1)
            self._moved.set()

    def _acknowledged(self, message: Message) -> None:
        self._tally.acknowledge(message)
        self._moved.set()
        self._pump()


async def _close(client: Any) -> None:  # noqa: ANN401 - gmqtt has no types
    if client is None or client._connection is None:  # noqa: SLF001 - disconnect() needs one
        return
    try:
        await client.disconnect()
    except OSError as exc:
        logging.getLogger(__name__).debug("closing: %s", exc)
