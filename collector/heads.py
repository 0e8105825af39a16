"""HEAD, which is GET without the body: uptime monitors ask so."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send


def answering_heads(app: ASGIApp) -> ASGIApp:
    """Return the application with HEAD wherever it has GET."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return

        is_over = False

        async def bodiless(message: Message) -> None:
            nonlocal is_over
            if is_over:
                return
            if message["type"] == "http.response.body":
                # What would follow, without end for a stream, is not waited for.
                message["body"], message["more_body"], is_over = b"", False, True
            await send(message)

        # A copy: the server has to go on seeing HEAD, or it misses the body that was announced.
        as_get = scope.copy()
        as_get["method"] = "GET"
        await app(as_get, receive, bodiless)

    return asked
