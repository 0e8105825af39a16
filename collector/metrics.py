"""Figures for Prometheus: sums only, no names of sites or panels."""

import os
from collections.abc import Callable
from time import perf_counter
from typing import Final

import msgspec
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from collector.problems import status_of
from collector.queries.notifications import Standing
from collector.receipts import Receipt
from collector.writer import Commit

MULTIPROCESS_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where several workers put their figures, so that any of them can answer for all."""
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")
_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_READINGS: Final = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
_REQUESTS: Final = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The figures of one app."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._readings = Counter(
            "heliograph_ingest_readings",
            "Readings received, by verdict.",
            ["verdict"],
            registry=registry,
        )
        self._segments = Counter(
            "heliograph_ingest_segments",
            "Segments received, by status.",
            ["status"],
            registry=registry,
        )
        self._requests = Histogram(
            "heliograph_request_seconds",
            "Time from a request's routing to the end of its answer.",
            ["method", "route", "status"],
            registry=registry,
            buckets=_SECONDS,
        )
        self._commits = Histogram(
            "heliograph_commit_seconds",
            "Time of one group's COPY and COMMIT.",
            registry=registry,
            buckets=_SECONDS,
        )
        self._group_requests = Histogram(
            "heliograph_commit_requests",
            "Requests that shared one commit.",
            registry=registry,
            buckets=_REQUESTS,
        )
        self._group_readings = Histogram(
            "heliograph_commit_readings",
            "Readings in one commit.",
            registry=registry,
            buckets=_READINGS,
        )

        self._watching = Gauge(
            "heliograph_live_clients",
            "Event streams that are open.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._dropped = Counter(
            "heliograph_live_dropped",
            "Clients of event streams that were dropped because they were too slow.",
            registry=registry,
        )
        self._lag = Histogram(
            "heliograph_live_lag_seconds",
            "Time that an event waited until a client's stream took it.",
            registry=registry,
            buckets=_SECONDS,
        )
        self._messages = Counter(
            "heliograph_notifications",
            "Messages to people, by what became of them: sent, or failed and tried again.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("sent", "failed"):
            self._messages.labels(outcome)
        self._standing = Gauge(
            "heliograph_notifications_standing",
            "Of the whole installation: notifications that wait or were given up, routes that "
            "fail, alerts that call nobody because they are late or muted.",
            ["state"],
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._exports = Gauge(
            "heliograph_exports",
            "Exports that are being sent.",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def note_watching(self, count: int) -> None:
        """Note how many event streams are open in this process."""
        self._watching.set(count)

    def note_dropped(self) -> None:
        """Count a client of an event stream that was too slow."""
        self._dropped.inc()

    def note_lag(self, seconds: float) -> None:
        """Note how long an event waited for a client."""
        self._lag.observe(seconds)

    def note_message(self, accepted: bool) -> None:  # noqa: FBT001 - a callback
        """Count a message to people."""
        self._messages.labels("sent" if accepted else "failed").inc()

    def note_standing(self, standing: Standing) -> None:
        """Note how it stands with what is to be told."""
        for state, count in msgspec.structs.asdict(standing).items():
            self._standing.labels(state).set(count)

    def note_exports(self, running: int) -> None:
        """Note how many exports are being sent by this process."""
        self._exports.set(running)

    def count_receipt(self, receipt: Receipt) -> None:
        """Count the verdicts of one request."""
        self._readings.labels("accepted").inc(receipt.accepted)
        self._readings.labels("duplicate").inc(receipt.duplicates)
        self._readings.labels("rejected").inc(len(receipt.rejected))
        for segment in receipt.segments:
            self._segments.labels(segment.status).inc()

    def observe_commit(self, commit: Commit) -> None:
        """Note one group commit."""
        self._commits.observe(commit.seconds)
        self._group_requests.observe(commit.requests)
        self._group_readings.observe(commit.readings)

    def observe_request(self, seconds: float, *, method: str, route: str, status: int) -> None:
        """Note one request; ``route`` is a template, so that there are few."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def exposition(self) -> bytes:
        """Return all figures as Prometheus reads them; of all workers, where there are several."""
        if MULTIPROCESS_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        joint = CollectorRegistry()
        MultiProcessCollector(joint)  # type: ignore[no-untyped-call]
        return generate_latest(joint)


class Timing(ASGIMiddleware):
    """Measures every request that has a route."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, metrics: Metrics, *, clock: Callable[[], float] = perf_counter) -> None:
        self._metrics = metrics
        self._clock = clock

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Time one request to the end of its answer."""
        started, status = self._clock(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await next_app(scope, receive, noting)
        except Exception as error:
            # Raised before the route, as by authentication: the answer is made further out.
            status = status_of(error)
            raise
        finally:
            self._metrics.observe_request(
                self._clock() - started,
                method=str(scope.get("method")),
                route=scope.get("path_template", "") or scope["path"],
                status=status,
            )
