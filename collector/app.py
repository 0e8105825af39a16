"""The web application: its routes, who may use them, and what lives as long as it."""

import gc
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.types import Message, Scope

from collector.access import Authentication, guard
from collector.alarms import Limits
from collector.api.alerts import alerts_router
from collector.api.docs import DOCS_POLICY, openapi, openapi_config, script
from collector.api.enroll import enroll
from collector.api.export import export
from collector.api.fleet import fleet_router
from collector.api.gateways import gateways_router
from collector.api.health import health_router
from collector.api.ingest import ingest_readings
from collector.api.live import live_router
from collector.api.maintenance import maintenance_router
from collector.api.models import models_router
from collector.api.panels import panels_router
from collector.api.search import search_router
from collector.api.session import session_router
from collector.api.sites import sites_router
from collector.console.pages import CONTENT_SECURITY_POLICY, console_router
from collector.console.unknown import unknown_page
from collector.database.engine import Database, open_database
from collector.database.rollups.retention import Retention
from collector.errors import SettingsError
from collector.heads import answering_heads
from collector.ingest import Ingest, open_ingest
from collector.jobs import open_jobs
from collector.live.feed import open_live
from collector.live.hub import Hub
from collector.metrics import Metrics, Timing
from collector.problems import HANDLERS
from collector.queried import refuse_unknown
from collector.settings import Settings, variable
from collector.slots import Slots
from collector.throttle import Throttle
from collector.upkeep import open_upkeep

_log: Final = logging.getLogger(__name__)
_FAILED_ATTEMPTS: Final = 10
_FAILED_WINDOW: Final = timedelta(minutes=1)


def create_app(settings: Settings) -> Litestar:
    """Return the application; it opens the database when it starts.

    Args:
        settings: With the URL of a migrated database.
    """
    metrics = Metrics()
    sign_ins = Throttle(limit=_FAILED_ATTEMPTS, window=_FAILED_WINDOW)
    exports = Slots(
        settings.max_exports,
        what="exports",
        setting=variable("max_exports"),
        observe=metrics.note_exports,
    )
    enrollments = Throttle(limit=_FAILED_ATTEMPTS, window=_FAILED_WINDOW)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        if settings.database_url is None:
            raise SettingsError("HELIOGRAPH_DATABASE_URL is not set, and nothing is embedded here")
        try:
            async with (
                open_database(settings.database_url) as database,
                open_live(database, url=settings.database_url, observer=metrics) as (hub, feed),
                open_ingest(
                    database,
                    max_panels=settings.max_panels_per_site,
                    observe=metrics.observe_commit,
                    stored=feed.stored,
                ) as ingest,
                open_jobs(database, limits=_limits(settings), observer=metrics),
                open_upkeep(database, retention=_retention(settings), clock=_now),
            ):
                app.state.update({"database": database, "ingest": ingest, "hub": hub})
                yield
        except* Exception:
            # Without its writer a collector must not look alive: it ends, and is started again.
            _log.critical("the collector cannot go on", exc_info=True)
            app.state.failed = True
            signal.raise_signal(signal.SIGTERM)
            raise

    app = Litestar(
        route_handlers=[
            ingest_readings,
            enroll,
            fleet_router(),
            export,
            sites_router(),
            panels_router(),
            alerts_router(),
            search_router(),
            maintenance_router(),
            live_router(),
            gateways_router(),
            models_router(),
            session_router(),
            health_router(),
            openapi,
            script,
            console_router(),
        ],
        dependencies={
            "database": Provide(_database, sync_to_thread=False),
            "ingest": Provide(_ingest, sync_to_thread=False),
            "hub": Provide(_hub, sync_to_thread=False),
            "metrics": Provide(lambda: metrics, sync_to_thread=False),
            "sign_ins": Provide(lambda: sign_ins, sync_to_thread=False),
            "exports": Provide(lambda: exports, sync_to_thread=False),
            "enrollments": Provide(lambda: enrollments, sync_to_thread=False),
            "now": Provide(_asked_at, sync_to_thread=False),
        },
        guards=[guard],
        before_request=refuse_unknown,
        middleware=[Timing(metrics), Authentication(console_open=settings.console_open)],
        before_send=[_secure],
        exception_handlers=HANDLERS | {NotFoundException: unknown_page(HANDLERS[HTTPException])},
        lifespan=[lifespan],
        openapi_config=openapi_config(),
        request_max_body_size=settings.max_body_bytes,
        logging_config=None,
    )
    app.asgi_handler = answering_heads(app.asgi_handler)
    return app


def create_worker() -> Litestar:
    """Return the application of one of several processes, which are set up by the environment."""
    app = create_app(Settings.from_environment(os.environ))
    leave_to_stay()
    return app


def leave_to_stay() -> None:
    """Have the garbage collector never look again at what is there by now, which is most of all.

    It would halt the loop for a tenth of a second each time.
    """
    gc.collect()
    gc.freeze()


def _limits(settings: Settings) -> Limits:
    return Limits(
        silent=timedelta(minutes=settings.gateway_silent_minutes),
        escalate=timedelta(minutes=settings.alert_escalate_minutes),
        reopen=timedelta(minutes=settings.alert_reopen_minutes),
    )


def _database(state: State) -> Database:
    database: Database = state.database
    return database


def _ingest(state: State) -> Ingest:
    ingest: Ingest = state.ingest
    return ingest


def _hub(state: State) -> Hub:
    hub: Hub = state.hub
    return hub


def _retention(settings: Settings) -> Retention:
    hours = settings.retention_hours_days
    return Retention(
        raw=timedelta(days=settings.retention_raw_days),
        minutes=timedelta(days=settings.retention_minutes_days),
        hours=timedelta(days=hours) if hours else None,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _asked_at(database: NamedDependency[Database]) -> datetime:  # noqa: ARG001 - see below
    """Return the time for a route.

    It asks for the database only to come after it: two that could be had at the same time are got
    in a task each, which takes longer than both.
    """
    return _now()


async def _secure(message: Message, scope: Scope) -> None:
    """Put the headers on every answer that keep a browser within this origin."""
    if message["type"] != "http.response.start":
        return
    policy = DOCS_POLICY if scope["path"] in {"/docs", "/docs/"} else CONTENT_SECURITY_POLICY
    ours = {
        b"content-security-policy": policy.encode(),
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"no-referrer",
    }
    kept = [(name, value) for name, value in message["headers"] if name.lower() not in ours]
    if scope["path"].startswith("/api/"):
        kept.append((b"cache-control", b"no-store"))
    message["headers"] = [*kept, *ours.items()]
