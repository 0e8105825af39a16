"""The description of the API is complete and valid, and its page needs no other place."""

import re

import pytest

from collector.api.description import describe
from collector.app import create_app
from collector.settings import Settings

OPERATIONS = {"get", "post", "delete", "put", "patch"}


@pytest.fixture(scope="module")
def description():
    return describe(create_app(Settings()))


def operations(description):
    return [
        (path, method, operation)
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in OPERATIONS
    ]


def references(part):
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_operation_says_what_it_does_and_what_it_answers(description):
    for path, method, operation in operations(description):
        assert operation["description"].endswith("."), (path, method)
        assert operation["tags"], (path, method)
        assert all(answer["description"] for answer in operation["responses"].values())
        if method == "post" and not path.startswith("/api/alerts"):
            assert operation["requestBody"]["content"], (path, method)


def test_every_field_of_every_answer_is_described(description):
    bare = [
        (name, field)
        for name, schema in description["components"]["schemas"].items()
        for field, value in schema.get("properties", {}).items()
        if not value.get("description") and "$ref" not in value
    ]
    assert bare == []


def test_every_reference_leads_somewhere(description):
    for reference in references(description):
        part = description
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]


def test_operations_have_ids_of_their_own(description):
    ids = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(set(ids)) == len(ids)


def test_what_needs_a_token_says_so_and_what_needs_none_too(description):
    for path, _, operation in operations(description):
        is_public = path.startswith(("/health", "/metrics", "/session", "/api/enroll"))
        assert (operation.get("security") == []) is is_public, path
        assert ("401" in operation["responses"]) or is_public


async def test_the_description_is_served(client, description):
    answer = await client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == description


async def test_the_page_and_all_it_loads_come_from_this_origin(client):
    page = await client.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {"/docs/docs.js", "/static/lib/swagger-ui-bundle.js", "/static/lib/swagger-ui.css"} <= {
        *loaded
    }
    for address in loaded:
        assert address.startswith(("/", "data:,"))
        if address.startswith("/"):
            assert (await client.get(address)).status_code == 200, address
    assert "<script>" not in page.text
    assert "http" not in page.text
    assert "script-src 'self';" in page.headers["content-security-policy"]
