"""An operator deals with an alert in the console of a real collector."""

import psycopg
import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

RAISE = (
    "INSERT INTO alert (site_key, alert_type, severity, episode, raised_at, last_seen_at, title, "
    "recommendation) SELECT site_key, 'site_down', 'critical', 'one', now(), now(), 'No power', "
    "'Look' FROM site"
)


async def sign_in(page, server, role):
    await page.goto(f"{server.url}/sign-in?next_page=/alerts")
    await page.fill("#token", server.token(role))
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("#open .alert")).to_contain_text("No power", timeout=20_000)


async def test_an_operator_takes_comments_and_resolves_and_a_viewer_only_looks(
    browser, watch, collector_server, postgres_url
):
    collector_server.command("site", "add", "alpha")
    with psycopg.connect(postgres_url) as connection:
        connection.execute(RAISE)
    page = await browser.new_page()
    watch.attach(page)
    await sign_in(page, collector_server, "viewer")
    await expect(page.locator(".alert-actions")).to_have_count(0)

    await sign_in(page, collector_server, "operator")
    card = page.locator("#open .alert")
    await card.get_by_role("button", name="Acknowledge").click()
    await expect(card).to_contain_text("acknowledged by test-operator")
    await card.get_by_role("button", name="Comment").click()
    await card.get_by_label("Comment", exact=True).fill("on my way")
    await card.get_by_role("button", name="Send").click()
    await expect(card.locator("form").first).to_be_hidden()
    await card.get_by_role("button", name="Resolve").click()
    await card.get_by_label("Cause").select_option("fixed")
    await card.get_by_role("button", name="Close the alert").click()
    await expect(page.locator("#recent .alert")).to_contain_text("No power")
    await page.close()

    found = collector_server.get("/api/alerts/1")
    assert found["alert"]["resolve_cause"] == "fixed"
    assert [(one["action"], one["by"]) for one in found["history"]] == [
        ("acknowledged", "test-operator"),
        ("commented", "test-operator"),
        ("resolved", "test-operator"),
    ]
    assert watch.errors == []
