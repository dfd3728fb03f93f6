"""Cancelling one journey of a return trip from the mail's link: with the mouse, on a phone, without JavaScript."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Faults, scrolls_sideways, window
from tests.checkout.trips import paid_return
from tests.e2e.conftest import System
from tests.site.pages import address
from tests.world import World

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def held(world: World, client: FlaskClient) -> dict[str, Any]:
    """A paid return trip of an adult and a child."""
    return paid_return(world, client, "adult", "child")


def cancel_the_way_back(page: Page, held: dict[str, Any]) -> None:
    page.goto(address(held))
    page.get_by_role("link", name="Cancel").click()
    page.get_by_label("City A, Station A to City D").uncheck()
    page.get_by_role("button", name="Show what comes back").click()
    expect(page.get_by_role("row", name="Refund")).to_contain_text("R405,00")
    page.get_by_role("button", name="Cancel these 2 tickets").click()
    expect(page.get_by_role("status")).to_have_text("Done: what you chose is cancelled.")
    expect(page.get_by_role("heading", name="City D, Station D to City A, Station A cancelled")).to_be_visible()
    expect(page.get_by_role("heading", name="Confirmed, partly cancelled")).to_be_visible()


def test_a_journey_is_cancelled_alone(page: Page, held: dict[str, Any]) -> None:
    cancel_the_way_back(page, held)


def test_without_javascript_it_works_as_well(
    browser: Browser, served: System, faults: Faults, held: dict[str, Any]
) -> None:
    with window(browser, served, faults, java_script_enabled=False) as plain:
        page = plain.new_page()
        cancel_the_way_back(page, held)
        page.close()


def test_a_quote_that_is_not_of_what_is_ticked_is_hidden(page: Page, held: dict[str, Any]) -> None:
    page.goto(address(held, "/cancel"))
    page.get_by_label("City A, Station A to City D").uncheck()
    expect(page.get_by_text("You have changed what is to be cancelled")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel these 4 tickets")).to_be_hidden()


def test_a_child_stays_alone_only_when_that_is_ticked(page: Page, held: dict[str, Any]) -> None:
    page.goto(address(held, "/cancel", chosen=1, passenger=[1], journey=[1]))
    page.get_by_role("button", name="Cancel this ticket").click()
    meant = page.get_by_label("They travel without anybody else of this booking")
    expect(meant).to_be_focused()
    meant.check()
    page.get_by_role("button", name="Cancel this ticket").click()
    expect(page.get_by_role("heading", name="Confirmed, partly cancelled")).to_be_visible()


def test_it_fits_a_phone(browser: Browser, served: System, faults: Faults, held: dict[str, Any]) -> None:
    with window(browser, served, faults, viewport=PHONE) as phone:
        page = phone.new_page()
        page.goto(address(held, "/cancel", chosen=1, passenger=[1], journey=[1, 2]))
        assert not scrolls_sideways(page)
