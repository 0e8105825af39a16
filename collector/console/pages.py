"""The console's pages: shells without data, static files, and the content policy they run under.

A page holds no reading and no alert: its modules ask the JSON API with the session's cookie, so
there is one place that decides who may see what. The policy lets only this origin's files run.
"""

import hashlib
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response, Router, get
from litestar.datastructures import CacheControlHeader, ResponseHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery
from litestar.static_files import create_static_files_router

from collector.roles import ALLOWED, OPTION, Access, Caller

_HERE: Final = Path(__file__).parent
_STATIC: Final = _HERE / "static"
_YEAR_SECONDS: Final = 31_536_000

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""What a page may load and do; the browser tests fail on any violation."""

_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # A shell names the static files of one release; a browser must not keep it past an upgrade.
    "Cache-Control": "no-cache",
}

_REFUSALS: Final = {
    "token": "That token is not known, has expired or was revoked.",
    "address": "The console needs https, or 127.0.0.1: browsers keep no session otherwise.",
    "attempts": "Too many failed attempts from this address: try again in a minute.",
}
"""Why nobody was signed in, by the reason in the address."""


class Pages:
    """Renders the console's templates."""

    def __init__(self, files: str) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["static"] = files

    def response(self, template: str, **values: str | bool | None) -> Response[str]:
        """Return a page rendered from `template` with `values`."""
        content = self._templates.get_template(template).render(**values)
        return Response(content, media_type=MediaType.HTML)


@get("/", name="fleet")
async def fleet(pages: NamedDependency[Pages]) -> Response[str]:
    """All sites: what needs a person, power now and over the last hours."""
    return pages.response("fleet.html")


@get("/sites/{site:str}", name="site")
async def site_page(site: FromPath[str], pages: NamedDependency[Pages]) -> Response[str]:
    """One site: its figures, power, panels and open alerts."""
    return pages.response("site.html", site=site)


@get("/sites/{site:str}/panels/{panel:str}", name="panel")
async def panel_page(
    site: FromPath[str], panel: FromPath[str], pages: NamedDependency[Pages]
) -> Response[str]:
    """One panel: power, voltage, current and temperature on one time axis."""
    return pages.response("panel.html", site=site, panel=panel)


@get("/alerts", name="alerts")
async def alerts(request: Request[Any, Any, Any], pages: NamedDependency[Pages]) -> Response[str]:
    """Open and recent alerts of all sites; who may deal with them finds the buttons for it."""
    return pages.response("alerts.html", may_act=_may_act(request))


@get("/alerts/{alert_id:int}", name="alert")
async def alert(alert_id: FromPath[int]) -> Response[None]:
    """One alert, where it is among the others."""
    return Response(None, status_code=307, headers={"Location": f"/alerts#alert-{alert_id}"})


@get("/gateways", name="gateways")
async def gateways(pages: NamedDependency[Pages]) -> Response[str]:
    """All gateways: backlog, clock, what is lost, what is outstanding."""
    return pages.response("gateways.html")


@get("/gateways/{gateway:str}", name="gateway")
async def gateway_page(
    request: Request[Any, Any, Any], gateway: FromPath[str], pages: NamedDependency[Pages]
) -> Response[str]:
    """One gateway's account: streams, declared losses, requests to send again."""
    return pages.response("gateway.html", gateway=gateway, may_act=_may_act(request))


@get("/sign-in", name="sign-in")
async def sign_in(
    pages: NamedDependency[Pages],
    next_page: FromQuery[str] = "/",
    failed: FromQuery[str] = "",
) -> Response[str]:
    """The form that posts a token to `/session`."""
    refusal = _REFUSALS.get(failed)
    return pages.response("sign_in.html", next_page=local_path(next_page), refusal=refusal)


def _may_act(request: Request[Any, Any, Any]) -> bool:
    caller: Caller | None = request.scope.get("user")
    return caller is not None and caller.role in ALLOWED[Access.OPERATOR]


def local_path(wanted: str) -> str:
    """Return `wanted` when it is a path of this origin, else the fleet page.

    Browsers read a path that begins with two slashes, of either kind, as another origin.
    """
    is_local = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_local and wanted.isprintable() else "/"


def static_digest() -> str:
    """Return a digest of all static files, which changes with any of them."""
    digest = hashlib.sha256()
    for path in sorted(path for path in _STATIC.rglob("*") if path.is_file()):
        digest.update(path.relative_to(_STATIC).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def static_url() -> str:
    """Return the address of this release's static files."""
    return f"/static/{static_digest()}"


def console_router() -> Router:
    """Return the router of the console: its pages and its static files.

    Static files are served below `/static/<digest>/`, kept by browsers for a year, and below
    `/static/` for those who cannot know the digest.
    """
    files = static_url()
    pages = Pages(files)
    shells = Router(
        "/",
        route_handlers=[
            fleet,
            site_page,
            panel_page,
            alerts,
            alert,
            gateways,
            gateway_page,
            sign_in,
        ],
        dependencies={"pages": Provide(lambda: pages, sync_to_thread=False)},
        response_headers=[ResponseHeader(name=name, value=text) for name, text in _HEADERS.items()],
        include_in_schema=False,
        opt={OPTION: Access.PAGE},
    )
    released = create_static_files_router(
        files,
        [_STATIC],
        name="static",
        cache_control=CacheControlHeader(max_age=_YEAR_SECONDS, immutable=True, public=True),
        opt={OPTION: Access.PUBLIC},
    )
    plain = create_static_files_router(
        "/static",
        [_STATIC],
        name="static-plain",
        cache_control=CacheControlHeader(no_cache=True),
        opt={OPTION: Access.PUBLIC},
    )
    return Router("/", route_handlers=[shells, released, plain])
