"""The API's page, served by a real collector, in a browser that may load nothing else."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_page_shows_every_question_and_breaks_no_policy(browser, collector_server, watch):
    page = await browser.new_page()
    watch.attach(page)
    await page.goto(f"{collector_server.url}/docs")
    await expect(page.get_by_text("/api/panels/{panel_id}/readings")).to_be_visible()
    await page.get_by_text("/api/panels/{panel_id}/readings").click()
    await expect(page.get_by_text("RFC 3339, exclusive; now when absent.")).to_be_visible()
    await page.close()
    assert watch.errors == []
    assert all(url.startswith((collector_server.url, "data:")) for url in watch.requests)
