"""The app, run in a test's own loop."""

import asyncio
from contextlib import asynccontextmanager
from functools import cache

import httpx

from collector.app import create_app

# To build one takes longer than most tests.
_built = cache(create_app)


@asynccontextmanager
async def running(settings, *, base_url="http://127.0.0.1", new=False):
    """Run the app, if need be one that has counted nothing, and give a client of nobody."""
    app = create_app(settings) if new else _built(settings)
    started, stopped = asyncio.Event(), asyncio.Event()

    async def live():
        async with app.lifespan():
            started.set()
            await stopped.wait()

    # A fixture's two halves run in different tasks; what the app opens has to end in its own.
    living = asyncio.create_task(live())
    starting = asyncio.create_task(started.wait())
    await asyncio.wait([living, starting], return_when=asyncio.FIRST_COMPLETED)
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        client.app = app
        yield client
    stopped.set()
    starting.cancel()
    await living
