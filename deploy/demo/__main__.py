"""`python -m deploy.demo`: two solar sites, live, on this machine, until Ctrl-C."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from deploy.demo.errors import DemoError
from deploy.demo.plan import Plan
from deploy.demo.run import run
from deploy.demo.screen import Screen
from shared.errors import HeliographError


async def _until_stopped(plan: Plan, *, screen: Screen) -> None:
    """Run the demo; the first of the signals that ask for its end cancels it, later ones wait."""
    demo = asyncio.ensure_future(run(plan, screen=screen))

    def stop() -> None:
        if not demo.cancelling():
            screen.say("Stopping …")
            demo.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await demo
    except asyncio.CancelledError:
        return


def main() -> int:
    """Run the demo and return its exit code."""
    screen = Screen()
    try:
        plan = Plan.of(os.environ, folder=Path(".demo").absolute())
        asyncio.run(_until_stopped(plan, screen=screen))
    except (DemoError, HeliographError) as error:
        screen.fail(str(error))
        return 1
    screen.say("Everything has stopped. The state is kept for the next time.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
