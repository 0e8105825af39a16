"""The console's pages and files without a browser: policy, caching, origin of the libraries."""

import json
import re
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.exceptions import NotFoundException
from litestar.testing import TestClient

from collector.console.pages import CONTENT_SECURITY_POLICY, console_router, local_path
from collector.console.unknown import unknown_page
from collector.problems import HANDLERS

CONSOLE = Path(__file__).parents[2] / "collector" / "console"
LIBRARIES = CONSOLE / "static" / "lib"
PAGES = [
    "/",
    "/sites/alpha",
    "/sites/alpha/panels/PANEL-001",
    "/alerts",
    "/gateways",
    "/gateways/gw-1",
    "/sign-in",
]

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def client():
    app = Litestar(
        [console_router()],
        exception_handlers=HANDLERS | {NotFoundException: unknown_page(HANDLERS[Exception])},
        openapi_config=None,
        logging_config=None,
    )
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
def test_each_page_carries_the_strict_policy_and_no_markup_that_breaks_it(client, path):
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert answer.headers["cache-control"] == "no-cache"
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_every_file_a_page_names_is_served_and_kept_for_a_year(client, path):
    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get(path).text))

    assert named
    for name in named:
        answer = client.get(name)
        assert answer.status_code == 200, name
        assert "immutable" in answer.headers["cache-control"], name


def test_a_file_without_the_digest_is_asked_for_again_each_time(client):
    answer = client.get("/static/lib/swagger-ui.css")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


def test_a_path_that_leads_out_of_the_static_files_finds_nothing(client):
    assert client.get("/static/%2e%2e/pages.py").status_code == 404


@pytest.mark.parametrize("path", ["/sites/%22%3E%3Cscript%3Ealert", "/%22%3E%3Cscript%3Ealert"])
def test_what_a_page_is_named_after_is_escaped(client, path):
    answer = client.get(path, headers=BROWSER)

    assert "&lt;script&gt;alert" in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("path", ["/nope", "/sites", "/alerts/x", "/%3Cscript%3E"])
def test_a_browser_at_an_unknown_address_gets_a_page_that_leads_on(client, path):
    answer = client.get(path, headers=BROWSER)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert 'href="/alerts"' in answer.text
    assert 'href="/gateways"' in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("path", "accept"), [("/nope", "*/*"), ("/api/nope", "text/html"), ("/api", "text/html")]
)
def test_programs_get_a_problem_document_where_there_is_nothing(client, path, accept):
    answer = client.get(path, headers={"Accept": accept})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_alerts_own_address_leads_to_it_among_the_others(client):
    answer = client.get("/alerts/7", follow_redirects=False)

    assert answer.status_code == 307
    assert answer.headers["location"] == "/alerts#alert-7"


def test_own_files_name_no_other_origin():
    own = [p for p in CONSOLE.rglob("*") if p.suffix in {".js", ".css", ".html", ".svg"}]
    own = [p for p in own if LIBRARIES not in p.parents]
    addresses = {
        address for path in own for address in re.findall(r"https?://[^\"'\s)]+", path.read_text())
    }

    assert len(own) > 20
    assert addresses == {"http://www.w3.org/2000/svg"}


def test_the_libraries_in_place_are_the_locked_versions():
    packages = json.loads((CONSOLE / "package-lock.json").read_text())["packages"]
    chart = (LIBRARIES / "uPlot.iife.min.js").read_text(encoding="utf-8")
    api_page = (LIBRARIES / "swagger-ui-bundle.js").read_text(encoding="utf-8")

    assert f"(v{packages['node_modules/uplot']['version']})" in chart[:100]
    assert f'"{packages["node_modules/swagger-ui-dist"]["version"]}"' in api_page


def test_the_lock_names_no_registry_and_checks_each_package():
    packages = json.loads((CONSOLE / "package-lock.json").read_text())["packages"]
    locked = [package for name, package in packages.items() if name]

    assert len(locked) >= 2
    assert all(package["integrity"].startswith("sha512-") for package in locked)
    assert not any("resolved" in package for package in locked)


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/sites/alpha?x=1", "/sites/alpha?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("", "/"),
        ("/a\r\nSet-Cookie: b", "/"),
    ],
)
def test_a_sign_in_leads_only_to_paths_of_this_origin(wanted, path):
    assert local_path(wanted) == path
