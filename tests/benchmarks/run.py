"""`make bench`: runs every benchmark alone, prints a table, writes results.json beside it."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
NOT_BENCHMARKS = {"run", "figures"}


def main() -> int:
    """Run the benchmarks named as arguments, or all."""
    scripts = sorted(p for p in HERE.glob("*.py") if p.stem not in NOT_BENCHMARKS)
    wanted = set(sys.argv[1:]) or {script.stem for script in scripts}
    failed, rows = [], []
    for script in scripts:
        if script.stem not in wanted:
            continue
        print(f"== {script.stem}", flush=True)
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as results:
            run = subprocess.run(
                [sys.executable, str(script)],
                env=os.environ | {"BENCHMARK_RESULTS": results.name},
                check=False,
            )
            rows += [json.loads(line) for line in Path(results.name).read_text().splitlines()]
        if run.returncode:
            failed.append(script.stem)
    _print(rows)
    if len(sys.argv) == 1:
        summary = {"machine": _machine(), "figures": rows, "failed": failed}
        (HERE / "results.json").write_text(json.dumps(summary, indent=2) + "\n")
    short = [row["name"] for row in rows if not row["reached"]]
    for name in failed + short:
        print(f"not reached: {name}")
    return 1 if failed or short else 0


def _print(rows: list[dict]) -> None:
    table = Table("figure", "measured", "limit", "ratio", "reach", title="Benchmarks")
    for row in rows:
        sign = "" if row["reach"] is None else ("<= " if row["at_most"] else ">= ")
        table.add_row(
            row["name"],
            f"{row['value']:,.4g}",
            f"{row['limit']:,.4g} {row['limit_name']}",
            f"{row['ratio']:.2f}",
            f"{sign}{row['reach']}" if sign else "printed",
            style=None if row["reached"] else "bold red",
        )
    Console(width=150).print(table)


def _machine() -> dict[str, str | int | None]:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version()}


if __name__ == "__main__":
    sys.exit(main())
