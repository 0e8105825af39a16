"""What a browser is shown at an address where there is nothing: a page that leads on."""

from collections.abc import Callable
from typing import Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException

from collector.console.pages import Pages, static_url

_PROGRAMS: Final = "/api"
_Answer = Callable[[Request[Any, Any, Any], HTTPException], Response[Any]]


def unknown_page(otherwise: _Answer) -> _Answer:
    """Return the handler of what is not found: a page for browsers, for others `otherwise`."""
    pages = Pages(static_url())

    def answer(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        path = request.scope["path"]
        is_page = path != _PROGRAMS and not path.startswith(f"{_PROGRAMS}/")
        if not is_page or "text/html" not in request.headers.get("accept", ""):
            return otherwise(request, error)
        page = pages.response("not_found.html", path=path)
        page.status_code = 404
        return page

    return answer
