"""An operator asks a gateway to send again in the console of a real collector."""

import psycopg
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENROLL = (
    "INSERT INTO gateway (gateway, site_key, public_key) SELECT 'gw-1', site_key, sha256('one') "
    "FROM site"
)


async def test_an_operator_asks_a_gateway_to_send_again_and_a_viewer_sees_nothing_of_it(
    browser, watch, collector_server, postgres_url, sign_in
):
    collector_server.command("site", "add", "alpha")
    with psycopg.connect(postgres_url) as connection:
        connection.execute(ENROLL)
    page = await browser.new_page(timezone_id="Asia/Tokyo")
    watch.attach(page)
    await sign_in(page, collector_server, "viewer", to="/gateways/gw-1")
    await expect(page.locator("#resends .empty")).to_be_visible()
    await expect(page.get_by_role("button", name="Ask to send again")).to_have_count(0)

    await sign_in(page, collector_server, "operator", to="/gateways/gw-1")
    await expect(page.locator("#resends .empty")).to_be_visible()
    await page.get_by_label("From", exact=True).fill("2026-01-02T09:00")
    await page.get_by_label("To", exact=True).fill("2026-01-02T10:30")
    await page.get_by_role("button", name="Ask to send again").click()
    await expect(page.locator("#ask [role=status]")).to_contain_text("Asked")
    row = page.locator("#resends tbody tr")
    await expect(row).to_contain_text("by test-operator")
    await expect(row).to_contain_text("2 Jan 09:00 · 1 h 30 min")
    assert (await Axe().run(page)).violations_count == 0
    assert watch.errors == []

    await page.get_by_label("To", exact=True).fill("2026-01-02T08:00")
    await page.get_by_role("button", name="Ask to send again").click()
    await expect(page.locator("#ask [role=alert]")).to_contain_text("a from before the to")
    await page.close()

    (asked,) = collector_server.get("/api/gateways/gw-1")["resends"]
    assert asked["from"].startswith("2026-01-02T00:00:00")
    assert asked["to"].startswith("2026-01-02T01:30:00")
