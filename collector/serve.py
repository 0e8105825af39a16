"""Running the collector: database, migrations, web server, and an end in good order."""

import contextlib
import logging
import logging.config
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType
from typing import Any, Final

import uvicorn
from litestar import Litestar
from uvicorn.supervisors import Multiprocess

from collector.app import create_app, leave_to_stay
from collector.database.embedded import set_or_embedded
from collector.database.migrate import upgrade
from collector.errors import ServeError, SettingsError
from collector.metrics import MULTIPROCESS_VARIABLE
from collector.settings import Settings

START_SECONDS: Final = 30
STOP_SECONDS: Final = 2
"""How long open connections get to finish when the collector stops."""
_BACKLOG: Final = 2048


def serve(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: What to serve and where.
        announce: Called once with the address, as soon as requests are answered.

    Raises:
        DatabaseError: The database is away or unsuitable.
        EmbeddedDatabaseError: The embedded one does not start.
        SettingsError: The address cannot be listened on.
        ServeError: The web server does not start for another reason.
    """
    logging.config.dictConfig(log_config(settings.log_level))
    with (
        _stopped_by_signals(),
        set_or_embedded(settings.database_url, data_dir=settings.data_dir) as url,
    ):
        upgrade(url)
        ready = replace(settings, database_url=url)
        with contextlib.closing(_listen(settings)) as listener:
            address = f"http://{_shown(listener)}"
            if settings.workers == 1:
                _serve_here(ready, listener=listener, announce=lambda: announce(address))
            else:
                _serve_by_workers(ready, listener=listener, announce=lambda: announce(address))


def log_config(level: str) -> dict[str, Any]:
    """Return how everything logs: one line each to standard error, and no line for a request."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "filters": {"said": {"()": _Said}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": level.upper(), "handlers": ["stderr"]},
        "loggers": {
            "uvicorn": {"level": "WARNING"},
            "uvicorn.error": {"level": "WARNING", "filters": ["said"]},
            "uvicorn.access": {"level": "CRITICAL"},
            # These log statements with their values, and revisions at every start.
            "sqlalchemy": {"level": "WARNING"},
            "alembic": {"level": "WARNING"},
            # These log addresses of notifications, which are secrets.
            "apprise": {"level": "CRITICAL"},
            "urllib3": {"level": "WARNING"},
        },
    }


class _Said(logging.Filter):
    """Keeps back what uvicorn calls an error where a client was dropped; we have said it."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg != "ASGI callable returned without completing response."


class _Announcing(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self._announce()


class _Workers(Multiprocess):
    """Several processes that say together when they answer."""

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, announce: Callable[[], None]
    ) -> None:
        super().__init__(config, sockets=[listener])
        self._announce = announce

    def init_processes(self) -> None:
        """Start all, and say so."""
        super().init_processes()
        if not all(each.wait_until_ready(START_SECONDS) for each in self.processes):
            self.terminate_all()
            self.join_all()
            raise ServeError("the workers did not start; the log above says why")
        self._announce()


def _serve_here(
    settings: Settings, *, listener: socket.socket, announce: Callable[[], None]
) -> None:
    app = create_app(settings)
    leave_to_stay()
    try:
        _Announcing(_config(settings, app=app), announce).run([listener])
    finally:
        if app.state.get("failed"):
            raise ServeError("the collector could not go on; the log above says why")


def _serve_by_workers(
    settings: Settings, *, listener: socket.socket, announce: Callable[[], None]
) -> None:
    with tempfile.TemporaryDirectory(prefix="heliograph-metrics-") as folder:
        # Processes are started anew and read what to do from the environment.
        os.environ |= settings.as_environment() | {MULTIPROCESS_VARIABLE: folder}
        _Workers(_config(settings), listener, announce).run()


def _config(settings: Settings, *, app: Litestar | None = None) -> uvicorn.Config:
    return uvicorn.Config(
        app or "collector.app:create_worker",
        factory=app is None,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=log_config(settings.log_level),
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def _listen(settings: Settings) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on HELIOGRAPH_HOST {settings.host!r}, "
            f"HELIOGRAPH_PORT {settings.port}: {error.strerror or error}"
        ) from error
    listener.listen(_BACKLOG)
    listener.set_inheritable(True)
    return listener


def _shown(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """End the block on SIGTERM or SIGINT, cleaning up as for an exception."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except SystemExit as ending:
        if ending.code:
            raise ServeError("the web server did not start; the log above says why") from ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
