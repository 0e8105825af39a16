"""Looking at the agent from outside: its status and its effective configuration."""

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from edge_agent.cli.common import ConfigOption, JsonOption, print_json, print_table, when_us
from edge_agent.cli.disk import no_writes
from edge_agent.cli.toml import as_toml
from edge_agent.configfile import as_tables, config_path, load_config
from edge_agent.diagnosis import losses_in_words, problems
from edge_agent.errors import EdgeError, OutboxError
from edge_agent.outbox.lock import idle_boot
from edge_agent.status import ModelStatus, Status, read_status


def status(*, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Show how the agent is, and what is wrong in words; exit code 1 if something is."""
    settings = load_config(config_path(config))
    found = read_status(settings.buffer.path)
    if found is None:
        raise EdgeError(f"the agent with the outbox {settings.buffer.path} has never run here")
    now = time.time()
    running = _is_running(settings.buffer.path)
    wrong = [*_disk_problem(settings.buffer.path), *problems(found, now=now, running=running)]
    if json_:
        print_json({**msgspec.to_builtins(found), "problems": wrong})
    else:
        print_table(("", ""), rows=_rows(found, now=now))
        for problem in wrong or ["all is well"]:
            print_table(("",), rows=[[Text(problem, style="red" if wrong else "green")]])
    raise typer.Exit(1 if wrong else 0)


def config(
    *,
    config: ConfigOption = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON instead of TOML.")] = False,
) -> None:
    """Print the configuration in effect, with all defaults."""
    tables = as_tables(load_config(config_path(config)))
    if json_:
        print_json(tables)
    else:
        typer.echo(as_toml(tables), nl=False)


def _is_running(outbox: Path) -> bool | None:
    """Tell whether a program has the outbox open; None if we may not look."""
    try:
        return idle_boot(outbox) is None
    except OutboxError:
        return None


def _disk_problem(outbox: Path) -> list[str]:
    """Say that the disk takes no writes, in which case the agent cannot say anything itself."""
    why = no_writes(outbox.parent)
    return [] if why is None else [f"the disk of {outbox} takes no writes: {why}"]


def _rows(found: Status, *, now: float) -> list[tuple[str, str]]:
    since = "never" if found.receipt_at is None else f"{now - found.receipt_at:.0f} s ago"
    disk = f"{found.outbox_rows} rows on disk"
    away = "away" if found.gateway_id else "not asked without an identity"
    there = "there" if found.collector_there else away
    trusted = "trusted" if found.clock_trusted else "not trusted"
    jumps = f", {found.clock_jumps} jumps" * bool(found.clock_jumps)
    last = f", last: {found.quarantine_reason}" if found.quarantine_reason else ""
    good = f"{found.readings} good ({found.readings_per_second:g} a second)"
    each = found.disk_bytes_per_reading
    wear = "not known" if each is None else f"{each:g} bytes a reading since the start"
    held = f"; {found.held_segments} pieces of data are held back" * bool(found.held_segments)
    lost = losses_in_words(found.lost_rows, uncounted=found.lost_uncounted)
    return [
        ("site", f"{found.site}, gateway {found.gateway_id or 'not enrolled'}"),
        ("agent", f"{found.version}, process {found.pid}, up {_age(now - found.started_at)}"),
        ("broker", f"{found.broker}, {'connected' if found.broker_connected else 'away'}"),
        ("readings", f"{good}, {found.quarantined} quarantined"),
        ("outbox", f"{disk} ({found.outbox_bytes / 1e6:.1f} MB), {found.waiting_rows} in memory"),
        ("written", wear),
        ("lost, ever", f"rows: {lost}" if lost else "nothing"),
        ("backlog", _backlog(found)),
        ("collector", f"{found.collector}, {there}, last receipt {since}"),
        ("clock", f"{trusted}: {found.clock_why}{jumps}{held}"),
        ("sent", _sent(found)),
        ("detection", _detection(found)),
        ("model", _model(found.model)),
        ("quarantine", f"{found.quarantine_entries} entries{last}"),
    ]


def _detection(found: Status) -> str:
    model = f"model {found.model_version}" if found.model_version else "by rules, without a model"
    if found.detector_learned_at is None:
        return f"{found.detector_panels} panels, none learned yet; {model}"
    until = when_us(round(found.detector_learned_at * 1e6))
    learned = f"{found.detector_learned_panels} of {found.detector_panels} panels"
    return f"learned what is usual for {learned}, until {until}; {model}"


def _model(model: ModelStatus | None) -> str:
    if model is None:
        return "not known"
    said = f"{model.in_use or 'none: rules alone'} ({model.source})"
    if model.candidate is None:
        return said
    agreement = "" if model.agreement is None else f", agrees on {model.agreement:.1%}"
    return f"{said}; {model.candidate} on trial for {model.candidate_hours:g} h{agreement}"


def _backlog(found: Status) -> str:
    if not found.outbox_rows:
        return "none"
    if found.backlog_grows:
        return "does not become less"
    if not found.collector_there:
        return "waits for the collector"
    if found.drained_in_seconds is None:
        return "cannot be foreseen yet"
    return f"drained in {_age(found.drained_in_seconds)}"


def _sent(found: Status) -> str:
    rows = f"{found.uploaded_rows} rows in {found.uploaded_bytes / 1e6:.1f} MB"
    wire = f"{found.wire_bytes / 1e6:.1f} MB on the link"
    if found.month_allowed_bytes is None:
        return f"{rows}, {wire}"
    month = f"{found.month_bytes / 1e6:.1f} of {found.month_allowed_bytes / 1e6:.1f} MB"
    return f"{rows}, {wire}; {month} that have accrued this month"


def _age(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86_400)
    return f"{days} d " * bool(days) + time.strftime("%H:%M:%S", time.gmtime(rest))
