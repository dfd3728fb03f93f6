"""Signing in and out, as people do it: with a mouse, with the keyboard only, on a phone, in the dark."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import ADMIN, PASSWORD, PHONE, Faults, scrolls_sideways, sign_in, window
from tests.e2e.conftest import System

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("admin")]

#: How the console tells of a page's status.
REFUSED = "Failed to load resource: the server responded with a status of 401"


def test_the_right_password_leads_to_where_one_wanted_to_go(page: Page) -> None:
    sign_in(page, goal="/api/v1/docs%3Fx%3D1")
    expect(page).to_have_url("/api/v1/docs?x=1")
    expect(page.get_by_title(f"Signed in as {ADMIN}")).to_be_visible()
    expect(
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Performance", exact=True)
    ).to_be_visible()


def test_a_wrong_password_is_told_and_the_e_mail_stays(page: Page, faults: Faults) -> None:
    faults.allowed = (REFUSED,)
    sign_in(page, password="something else")
    expect(page.get_by_role("alert")).to_have_text("The e-mail or the password is wrong.")
    expect(page.get_by_label("E-mail")).to_have_value(ADMIN)
    expect(page.get_by_label("Password")).to_have_value("")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url("/api/v1/docs")


def test_who_signs_out_is_signed_out_in_every_tab(page: Page, context: BrowserContext) -> None:
    sign_in(page)
    second = context.new_page()
    second.goto("/api/v1/docs")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url("/sign-in")
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    second.reload()
    expect(second.get_by_role("button", name="Sign out")).to_have_count(0)
    assert context.cookies() == []


def test_a_script_cannot_read_the_cookie(page: Page, context: BrowserContext) -> None:
    sign_in(page)
    expect(page).to_have_url("/api/v1/docs")
    assert page.evaluate("document.cookie") == ""
    assert [cookie["name"] for cookie in context.cookies()] == ["falconbus_session"]


def test_the_keyboard_is_enough(page: Page) -> None:
    page.goto("/sign-in")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(ADMIN)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Sign in")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Performance", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Sign out")).to_be_focused()
    page.keyboard.press("Space")
    expect(page).to_have_url("/sign-in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_light_and_dark(
    scheme: str, browser: Browser, served: System, faults: Faults, admin: str
) -> None:
    faults.allowed = (REFUSED,)
    with window(browser, served, faults, viewport=PHONE, color_scheme=scheme) as phone:
        page = phone.new_page()
        sign_in(page, password="something else")
        expect(page.get_by_role("alert")).to_be_visible()
        assert not scrolls_sideways(page)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(238, 241, 245)" if scheme == "light" else "rgb(13, 18, 25)")
        sign_in(page)
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        assert not scrolls_sideways(page)


def test_the_browser_refuses_foreign_code_and_these_tests_would_see_it(page: Page, faults: Faults) -> None:
    page.goto("/sign-in")
    page.evaluate(
        "const one = document.createElement('p'); one.innerHTML = '<b style=\"color: red\">x</b>'; "
        "document.body.append(one)"
    )
    page.evaluate(
        "const two = document.createElement('script'); two.textContent = 'window.ran = 1'; document.body.append(two)"
    )
    assert page.evaluate("window.ran") is None
    with pytest.raises(AssertionError, match="the browser complained"):
        faults.check([page])
    assert any(each.startswith("style-src") for each in faults.found)
    assert any(each.startswith("script-src") for each in faults.found)
    faults.allowed = ("style-src", "script-src", "Applying inline style", "Executing inline script", "Refused to")
