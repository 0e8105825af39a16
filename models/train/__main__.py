"""`python -m models.train`: makes `models/artifacts/faults.onnx`, the same bytes every time."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from models.train.convert import model_bytes, parity
from models.train.fit import fit, magnified
from models.train.rows import Rows, rows_of
from models.train.scenes import CLASSES, HELD_OUT, SCENES

VERSION: Final = "2026.11.3"
ARTIFACT: Final = Path(__file__).parents[1] / "artifacts" / "faults.onnx"

app: Final = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def train(
    *,
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where to write it.")] = ARTIFACT,
    version: Annotated[str, typer.Option(help="The model's version.")] = VERSION,
    keep: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Keep the labelled rows here, and use them.")
    ] = None,
) -> None:
    """Simulate, extract features by the edge agent, train, convert, and compare."""
    rows, held_out = _rows(keep)
    fitted = fit(rows, held_out=held_out)
    digest = sha256(rows.features.tobytes() + rows.number.tobytes()).hexdigest()
    data = model_bytes(fitted, version=version, training_sha256=digest)
    out.write_bytes(data)
    apart = parity(data, fitted=fitted, rows=held_out)
    typer.echo(f"wrote {out}: {len(data)} bytes, {apart:.1e} from the estimators at most")
    typer.echo(f"thresholds {fitted.thresholds}")
    best = fitted.classifier.classes_[
        fitted.classifier.predict_proba(magnified(held_out.features)).argmax(axis=1)
    ]
    for number, name in enumerate(CLASSES):
        mine = held_out.number == number
        right = np.mean(best[mine] == number) if mine.any() else float("nan")
        told = mine & held_out.told
        of_told = np.mean(best[told] == number) if told.any() else float("nan")
        typer.echo(
            f"  {name}: {mine.sum()} windows held out, right {right:.3f}; "
            f"of {told.sum()} that rules tell {of_told:.3f}"
        )


def _rows(keep: Path | None) -> tuple[Rows, Rows]:
    if keep is not None and keep.exists():
        with np.load(keep) as kept:
            return tuple(  # type: ignore[return-value] # two
                Rows(*(kept[f"{part}_{name}"] for name in ("features", "number", "told")))
                for part in ("fit", "held_out")
            )
    parts = rows_of((*SCENES, *HELD_OUT))
    rows, held_out = Rows.joined(parts[: len(SCENES)]), Rows.joined(parts[len(SCENES) :])
    if keep is not None:
        both = {"fit": rows, "held_out": held_out}
        np.savez(
            keep,
            **{
                f"{part}_{name}": getattr(each, name)
                for part, each in both.items()
                for name in ("features", "number", "told")
            },
        )
    return rows, held_out


if __name__ == "__main__":
    app()
