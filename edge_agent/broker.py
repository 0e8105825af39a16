"""A connection to the MQTT broker: where it is, who we are there, how to connect and to leave."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from typing import Any, Final

import gmqtt
from gmqtt.mqtt.handler import MQTTConnectError

from edge_agent.errors import BrokerError
from edge_agent.unreachable import cut_off, why

CONNECT_SECONDS: Final = 10.0
MAX_PAYLOAD_BYTES: Final = 16_777_216
SESSION_SECONDS: Final = 0xFFFFFFFF
"""The broker keeps our session, and what we have not acknowledged, for ever."""

_KEEPALIVE_SECONDS: Final = 20
_SIGN_IN: Final = frozenset({4, 5, 134, 135})


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


class Connection(gmqtt.Client):  # type: ignore[misc] # gmqtt has no types
    """A client for one connection: it does not reconnect by itself."""

    patience: asyncio.Timeout | None = None
    """How long the broker's answer is waited for; ended at once when the line is cut before."""
    cut = False
    """Whether it was."""

    async def reconnect(self, delay: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - gmqtt's
        """Wait no more for an answer; `Subscriber` makes a new connection."""
        patience, refused = self.patience, self._package_handler.has_error
        if patience is not None and not patience.expired() and not refused:
            self.cut = True
            patience.reschedule(asyncio.get_running_loop().time())

    @property
    def cut_by(self) -> Exception | None:
        """What cut the line, if not the other side closing it."""
        error: Exception | None = self._connection._protocol._hard_reader.exception()  # noqa: SLF001 - gmqtt's
        return error

    closing = False
    """Set by `close`: from then on nothing is acknowledged, whenever the line is really cut."""

    def _send_command_with_mid(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gmqtt's
        if not self.closing:
            super()._send_command_with_mid(*args, **kwargs)


def new_client(broker: Broker, *, clean: bool, client_id: str | None = None) -> Connection:
    """Return a client that is not yet connected.

    Args:
        broker: Where to, and as whom.
        clean: Whether to leave no session behind, as a check does.
        client_id: Another name than the broker knows us by, so as not to push the agent out.
    """
    client = Connection(
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


async def connect(client: Connection, broker: Broker) -> None:
    """Connect and sign in.

    Raises:
        BrokerError: It cannot be reached, does not answer, or refuses us.
    """
    tls = broker.tls is not None
    try:
        async with asyncio.timeout(CONNECT_SECONDS) as client.patience:
            await client.connect(
                broker.host, broker.port, ssl=broker.tls or False, keepalive=_KEEPALIVE_SECONDS
            )
    except TimeoutError as error:
        if client.cut:
            raise BrokerError(cut_off(client.cut_by, host=broker.host, tls=tls)) from error
        raise BrokerError(f"no answer to MQTT 5 within {CONNECT_SECONDS:g} s") from error
    except MQTTConnectError as error:
        raise BrokerError(_refused(error)) from error
    except OSError as error:
        raise BrokerError(why(error, host=broker.host, tls=tls)) from error
    finally:
        client.patience = None


def _refused(error: MQTTConnectError) -> str:
    code, said = error._code, str(error).rpartition("Refused: ")[2].rstrip(")")  # noqa: SLF001 - gmqtt's
    hint = ": look at mqtt.username and mqtt.password_file" if code in _SIGN_IN else ""
    return f"the broker does not let us in, {said.lower()} (code {code}){hint}"


async def close(client: Connection) -> None:
    """Disconnect if connected; never fails, never takes long."""
    client.closing = True
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.0):
            await client.disconnect()
