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
TOLD = (
    "WITH made AS (INSERT INTO alert (site_key, alert_type, severity, episode, raised_at, "
    "last_seen_at, title, recommendation) SELECT site_key, %s, 'high', %s, now(), now(), 'T', 'R' "
    "FROM site RETURNING alert_key) INSERT INTO alert_history (alert_key, at, action, severity) "
    "SELECT alert_key, now(), 'raised', 'high' FROM made"
)


async def resolve_two_at_once(page, url):
    # Two more are told by the stream of events, not found by asking now and then.
    with psycopg.connect(url) as connection:
        for name in ("grid", "fan"):
            connection.execute(TOLD, [name, name])
    await expect(page.locator("#open .alert")).to_have_count(2, timeout=4_500)
    for key in "jxjxkx":
        await page.keyboard.press(key)
    await expect(page.locator(".selection [role=status]")).to_have_text("1 chosen")
    await page.get_by_label("All", exact=True).check()
    await expect(page.locator(".selection [role=status]")).to_have_text("2 chosen")
    await page.get_by_label("Cause for all that are chosen").select_option("natural_shade")
    await page.get_by_role("button", name="Resolve all chosen").click()
    await expect(page.locator("#open .alert")).to_have_count(0)
    await expect(page.locator("#recent .alert")).to_have_count(3)


async def comment_and_see_it(page, card):
    await page.keyboard.press("c")
    await expect(card.get_by_label("Comment", exact=True)).to_be_focused()
    await page.keyboard.type("on my way")
    await page.keyboard.press("Enter")
    await expect(card.locator("form").first).to_be_hidden()
    await expect(card.get_by_role("button", name="Comment")).to_be_focused()
    said = card.locator(".history li")
    await expect(said).to_have_count(2)
    await expect(said.last).to_contain_text("comment by test-operator")
    await expect(said.last).to_contain_text("on my way")


async def reopen_and_resolve_again(page):
    over, card = page.locator("#recent .alert"), page.locator("#open .alert")
    await expect(over).to_contain_text("by test-operator: Fixed")
    await expect(over.get_by_role("button", name="Resolve")).to_be_hidden()
    await over.get_by_role("button", name="Reopen").click()
    await expect(card.locator(".alert-head a")).to_be_focused()
    await expect(card.get_by_role("button", name="Reopen")).to_be_hidden()
    await page.keyboard.press("h")
    await expect(card.locator(".history li").last).to_contain_text("reopened by test-operator")
    await card.get_by_role("button", name="Resolve").click()
    await card.get_by_label("Cause").select_option("false_alarm")
    await card.get_by_label("Note").fill("a fuse test")
    await card.get_by_role("button", name="Close the alert").click()
    await expect(over).to_contain_text("by test-operator: False alarm")
    await over.locator("summary").click()
    await expect(over.locator(".history li").last).to_contain_text("a fuse test")
    ends = over.locator(".history li", has_text="resolved by")
    await expect(ends.first).to_contain_text("resolved by test-operator: Fixed")
    await expect(ends.last).to_contain_text("resolved by test-operator: False alarm")


async def test_an_operator_takes_comments_and_resolves_and_a_viewer_only_looks(
    browser, watch, collector_server, postgres_url, sign_in
):
    collector_server.command("site", "add", "alpha")
    with psycopg.connect(postgres_url) as connection:
        connection.execute(RAISE)
    page = await browser.new_page()
    watch.attach(page)
    await sign_in(page, collector_server, "viewer", to="/alerts")
    await expect(page.locator("#open .alert")).to_contain_text("No power")
    await expect(page.locator(".alert-actions")).to_have_count(0)

    await sign_in(page, collector_server, "operator", to="/alerts")
    await expect(page.locator("#open .alert")).to_contain_text("No power")
    card = page.locator("#open .alert")
    await page.keyboard.type("ja")
    await expect(card).to_contain_text("acknowledged by test-operator")
    await comment_and_see_it(page, card)
    await card.get_by_role("button", name="Resolve").click()
    await card.get_by_label("Cause").select_option("fixed")
    await card.get_by_role("button", name="Close the alert").click()
    await reopen_and_resolve_again(page)
    await resolve_two_at_once(page, postgres_url)
    await page.close()

    found = collector_server.get("/api/alerts/1")
    assert found["alert"]["resolve_cause"] == "false_alarm"
    assert [(one["action"], one["by"]) for one in found["history"]] == [
        ("acknowledged", "test-operator"),
        ("commented", "test-operator"),
        ("resolved", "test-operator"),
        ("reopened", "test-operator"),
        ("resolved", "test-operator"),
    ]
    assert watch.errors == []
