"""Commands of our programs, run in this process: starting another costs seconds of imports."""

import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from programs.processes import inherited


def run_command(
    main: Callable[[], None],
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    given: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself, and return what a process of its own would have.

    Args:
        main: The program's entry.
        arguments: Of the command line, the program's name first.
        environment: Variables it gets beside the inherited ones.
        given: What it reads from standard input.
    """
    out, err = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with (
        mock.patch.object(sys, "argv", list(arguments)),
        mock.patch.object(sys, "stdin", io.StringIO(given)),
        mock.patch.dict(os.environ, inherited() | dict(environment), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
        # Some tests have an event loop, and commands begin one of their own.
        ThreadPoolExecutor(1) as pool,
    ):
        ended = pool.submit(main).exception()
    if ended is not None and not isinstance(ended, SystemExit):
        raise ended
    code = 0 if ended is None else ended.code
    for stream in (out, err):
        stream.seek(0)
    return subprocess.CompletedProcess(arguments, code, out.read(), err.read())
