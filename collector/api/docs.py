"""The API's description, and a page to read and try it that works without internet."""

from importlib import metadata, resources
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, Router, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme

from collector.api.description import describe
from collector.roles import OPTION, Access

_DESCRIPTION: Final = """\
Solar panel monitoring: readings in, questions answered.

Send `Authorization: Bearer <token>`. People use tokens of the roles viewer, operator and admin,
integrations tokens of the role ingest; gateways sign their uploads. All times are RFC 3339, those
in answers UTC. Errors are RFC 9457 problem documents that name what is allowed.
"""
DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""As the console's, but Swagger UI knows no trusted types."""
_SCHEME: Final = "token"


class DocsPage(OpenAPIRenderPlugin):
    """Serves our own page around Swagger UI."""

    def has_path(self, path: str) -> bool:
        """Tell whether a path is served; the description is, by `openapi` at its fixed address."""
        return path in {"/", "/openapi.json"}

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002 - Litestar's signature
        """Return the page, which fetches the description by itself."""
        return _file("index.html")


@get("/openapi.json", opt={OPTION: Access.PUBLIC}, include_in_schema=False)
async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The description of this API (OpenAPI 3.1)."""
    state = request.app.state
    if "description" not in state:
        state.description = msgspec.json.encode(describe(request.app))
    return Response(state.description, media_type=MediaType.JSON)


@get("/docs/docs.js", opt={OPTION: Access.PUBLIC}, include_in_schema=False)
async def script() -> Response[bytes]:
    """What the page starts with."""
    return Response(_file("docs.js"), media_type="text/javascript")


def openapi_config() -> OpenAPIConfig:
    """Return how the API describes itself."""
    router = Router(
        "/docs", route_handlers=[], opt={OPTION: Access.PUBLIC}, include_in_schema=False
    )
    scheme = SecurityScheme(type="http", scheme="bearer", description="An API token, `hg_...`.")
    return OpenAPIConfig(
        title="Heliograph collector",
        version=metadata.version("heliograph"),
        description=_DESCRIPTION,
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        components=Components(security_schemes={_SCHEME: scheme}),
        security=[{_SCHEME: []}],
        use_handler_docstrings=True,
        render_plugins=[DocsPage()],
        openapi_router=router,
    )


def _file(name: str) -> bytes:
    return (resources.files("collector.api") / "docs_page" / name).read_bytes()
