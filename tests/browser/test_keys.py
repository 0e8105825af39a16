"""Finding things from the header, and going about the console by keys."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def open_fleet(page):
    await page.goto("/")
    await expect(page.locator(".sites tbody tr")).to_have_count(3)


async def test_what_is_typed_is_found_and_opened_without_a_mouse(page, console_url, watch):
    await open_fleet(page)
    field, hits = page.get_by_role("combobox"), page.get_by_role("option")
    await expect(field).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("/")
    await page.keyboard.type("gw-")
    await expect(hits).to_have_text(
        ["gatewaygw-beta-01beta", "gatewaygw-alpha-01alpha", "gatewaygw-gamma-01gamma"]
    )
    await expect(field).to_have_attribute("aria-expanded", "true")
    await expect(page.locator("#search-said")).to_have_text("3 found")
    for key, place in (("ArrowUp", 2), ("ArrowDown", 0), ("ArrowDown", 1)):
        await page.keyboard.press(key)
        await expect(field).to_have_attribute("aria-activedescendant", f"search-hit-{place}")
        await expect(page.get_by_role("option", selected=True)).to_have_count(1)
        await expect(hits.nth(place)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{console_url}/gateways/gw-alpha-01")

    # Faster than the answer: the first hit of what stands there then.
    await field.fill("beta car")
    await field.press("Enter")
    await page.wait_for_url(f"{console_url}/sites/beta")
    await field.fill("panel-003")
    await hits.nth(1).click()
    await page.wait_for_url(f"{console_url}/sites/beta/panels/PANEL-003")
    assert watch.errors == []


async def test_nothing_found_and_no_answer_are_told_and_names_are_only_text(page, fleet):
    fleet.sites[0]["name"] = "<b>Alpha</b>"
    await open_fleet(page)
    field, popup = page.get_by_role("combobox"), page.locator("#search-popup")
    await field.fill("<b>")
    await expect(page.get_by_role("option")).to_have_text(["site<b>Alpha</b>alpha"])
    await field.fill("zeppelin")
    await expect(popup).to_have_text("Nothing found for “zeppelin”")
    await expect(field).to_have_attribute("aria-expanded", "false")
    fleet.away = True
    await field.fill("alpha")
    await expect(popup).to_have_text("The database is away.")
    fleet.away = False
    await field.press("ArrowDown")
    await expect(page.get_by_role("option")).to_have_count(2)
    await field.press("Escape")
    await expect(popup).to_be_hidden()
    await expect(field).to_have_value("alpha")
    await field.press("Escape")
    await expect(field).to_have_value("")
    await expect(field).not_to_be_focused()


async def test_keys_go_through_the_rows_and_stay_with_one_that_moves(page, fleet, console_url):
    await open_fleet(page)
    links = page.locator(".sites tbody th a")
    for key, place in (("j", 0), ("j", 1), ("j", 2), ("j", 2), ("k", 1)):
        await page.keyboard.press(key)
        await expect(links.nth(place)).to_be_focused()
    await expect(links.nth(1)).to_have_text("Gamma school")

    fleet.sites[2]["open_alerts"]["critical"] = 1
    fleet.sites[2]["power_watts"] = 5000.0
    fleet.sites[0]["open_alerts"].update(critical=0, medium=0)
    fleet.tell("readings", "gamma")
    await expect(links.first).to_have_text("Gamma school")
    await expect(links.first).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{console_url}/sites/gamma")
    for keys, path in (("ga", "/alerts"), ("gg", "/gateways"), ("gf", "/")):
        await page.keyboard.type(keys)
        await page.wait_for_url(console_url + path)


async def test_keys_leave_text_and_the_browsers_own_alone(page):
    await open_fleet(page)
    field = page.get_by_role("combobox")
    await field.focus()
    await page.keyboard.type("gj?/")
    await expect(field).to_have_value("gj?/")
    await expect(page.locator("#keys")).to_be_hidden()
    await field.press("Escape")
    await field.press("Escape")
    for key in ("Control+j", "Alt+j", "Meta+j", "J"):
        await page.keyboard.press(key)
        await expect(page.locator("body")).to_be_focused()

    for made in ("select", "textarea", "div"):
        await page.evaluate(
            "tag => { const e = document.createElement(tag); e.contentEditable = 'true'; "
            "document.body.append(e); e.focus(); }",
            made,
        )
        await page.keyboard.type("j")
        await expect(page.locator(f"body > {made}")).to_be_focused()


async def test_keys_are_listed_do_nothing_beside_a_dialog_and_can_be_turned_off(page):
    await open_fleet(page)
    help_ = page.get_by_role("dialog", name="Keyboard")
    await page.keyboard.press("?")
    await expect(help_).to_contain_text("acknowledge the alert")
    await page.keyboard.type("ga/")
    await expect(help_).to_be_visible()
    await help_.get_by_role("switch").uncheck()
    await help_.get_by_role("button", name="Close").click()
    await expect(help_).to_be_hidden()
    await page.reload()
    await expect(page.locator(".sites tbody tr")).to_have_count(3)
    await page.keyboard.type("?/j")
    await expect(help_).to_be_hidden()
    await expect(page.locator("body")).to_be_focused()
    await page.get_by_role("button", name="Keyboard").click()
    await help_.get_by_role("switch").check()
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Fleet").focus()
    await page.keyboard.press("j")
    await expect(page.locator(".sites tbody th a").first).to_be_focused()


async def test_an_alert_is_pointed_out_by_its_number_wherever_it_is(page, watch):
    await open_fleet(page)
    field, asked = page.get_by_role("combobox"), page.locator("#asked")
    await field.fill("2")
    await page.get_by_role("option").filter(has_text="Bypass diode short").click()
    await expect(page.locator("#open #alert-2 a")).to_be_focused()
    await expect(asked).to_be_hidden()
    await page.goto("/alerts#alert-99")
    await expect(asked.locator("#alert-99 a")).to_be_focused()
    await expect(asked).to_contain_text("Long gone")
    assert watch.errors == []
    await page.goto("/alerts#alert-7")
    await expect(asked).to_have_text("No alert 7.")
    await expect(page.locator("#open .alert")).to_have_count(3)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light")])
async def test_search_and_help_are_accessible_and_fit(page, watch, screenshots, width, scheme):
    await page.set_viewport_size({"width": width, "height": 740})
    await page.emulate_media(color_scheme=scheme)
    await open_fleet(page)
    for name, key, shown in (("help", "?", "#keys"), ("search", "/", "#search-popup")):
        await page.keyboard.press(key)
        if name == "search":
            await page.keyboard.type("0")
            await expect(page.get_by_role("option")).to_have_count(12)
        await expect(page.locator(shown)).to_be_visible()
        await page.screenshot(path=screenshots / f"{name}-{width}-{scheme}.png")
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        box = await page.locator(shown).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        await page.keyboard.press("Escape")
        await expect(page.locator(shown)).to_be_hidden()
        # The focus leaves a dialog that was closed with the next frame.
        await expect(page.locator("#keys-on")).not_to_be_focused()
    assert watch.errors == []
