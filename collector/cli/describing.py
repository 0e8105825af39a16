"""`collector openapi`."""

from collector.api.description import describe
from collector.app import create_app
from collector.cli.printing import show_json
from collector.settings import Settings


def openapi() -> None:
    """Print the description of the API (OpenAPI 3.1, JSON)."""
    show_json(describe(create_app(Settings())))
