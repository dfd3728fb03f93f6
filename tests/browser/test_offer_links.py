"""Answering a question from its link, as drivers do: on a phone, in the dark, with the keyboard, without JavaScript."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from tests.browser.conftest import PHONE, Faults, scrolls_sideways, window
from tests.e2e.conftest import System
from tests.scheduling.charters import add_assignment, add_charter, add_service
from tests.scheduling.offer_links.asking import page_of
from tests.scheduling.people import add_person
from tests.world import World

pytestmark = pytest.mark.xdist_group("browser")

#: How the console tells of pages that say no.
GONE = "Failed to load resource: the server responded with a status of 404"
BAD_REASON = "Failed to load resource: the server responded with a status of 422"


@pytest.fixture
def offer(world: World) -> Assignment:
    """A question with all that a page can show, and long words in it."""
    charter = add_charter(
        add_service("Coach and driver"),
        add_service("Refreshments", minutes=0),
        status=AppointmentStatus.ASSIGNED,
        operator_id=add_person("olwethu", Role.OPERATOR).id,
        bus=world.bus,
        client_phone="+27 82 000 0000",
        note="Meet us at gate 2.\nhttps://example.com/" + "a-very-long-address/" * 6,
    )
    add_assignment(charter, add_person("ayanda", Role.ATTENDANT), CrewRole.ATTENDANT, AssignmentStatus.ACCEPTED)
    for name in ("obed", "zola", "nkosinathi-van-der-westhuizen-of-the-very-long-name"):
        add_person(name, Role.DRIVER)
    return add_assignment(charter, add_person("dumi", Role.DRIVER))


@pytest.fixture
def answer(offer: Assignment, app: FalconBus) -> str:
    """The path of its page."""
    return page_of(offer, app)


def test_a_driver_accepts(page: Page, answer: str) -> None:
    page.goto(answer)
    expect(page.get_by_role("heading", name="Can you do it?")).to_be_visible()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("status")).to_have_text("Thank you: you are on this ride.")
    expect(page.get_by_role("heading", name="You have accepted")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)


def test_a_driver_rejects_and_says_why(page: Page, answer: str) -> None:
    page.goto(answer)
    page.get_by_text("I cannot do it").click()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_label("Why not?")).to_be_focused()
    page.get_by_label("Why not?").fill("Ill.\nBack on Monday.")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", name="You have rejected it")).to_be_visible()
    expect(page.get_by_text("Back on Monday.")).to_be_visible()


def test_a_reason_that_is_too_long_is_kept_and_put_right(page: Page, answer: str, faults: Faults) -> None:
    faults.allowed = (BAD_REASON,)
    page.goto(answer)
    page.get_by_text("I cannot do it").click()
    reason = page.get_by_label("Why not?")
    reason.evaluate("element => element.removeAttribute('maxlength')")
    reason.fill("x" * 1001)
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("alert")).to_contain_text("1,001 characters")
    expect(reason).to_be_focused()
    expect(reason).to_have_value("x" * 1001)
    reason.fill("Too tired.")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", name="You have rejected it")).to_be_visible()


def test_the_keyboard_is_enough_to_hand_over(page: Page, answer: str) -> None:
    page.goto(answer)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Accept")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_text("I cannot do it")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_text("A colleague could do it")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Who?")).to_be_focused()
    page.keyboard.type("Obed")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Your colleague has been asked.")
    expect(page.get_by_text("You have asked Obed to take over")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_light_and_dark(
    scheme: str, browser: Browser, served: System, faults: Faults, answer: str
) -> None:
    faults.allowed = (GONE,)
    with window(browser, served, faults, viewport=PHONE, color_scheme=scheme) as phone:
        page = phone.new_page()
        page.goto(answer)
        assert not scrolls_sideways(page)
        page.get_by_text("I cannot do it").click()
        page.get_by_text("A colleague could do it").click()
        assert not scrolls_sideways(page)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(238, 241, 245)" if scheme == "light" else "rgb(13, 18, 25)")
        for control in ("button", "textarea", "select", "summary"):
            for one in page.locator(f"main {control}").all():
                box = one.bounding_box()
                assert box is not None
                assert box["height"] >= 40, f"{control} is too small for a thumb"
        page.goto(f"{answer}?problem=staff_busy")
        expect(page.get_by_role("alert")).to_contain_text("You are on another ride at that time.")
        assert not scrolls_sideways(page)
        page.goto(f"{answer}x")
        expect(page.get_by_role("heading", name="We cannot find this question")).to_be_visible()
        assert not scrolls_sideways(page)


def test_without_javascript_it_works_as_well(browser: Browser, served: System, faults: Faults, answer: str) -> None:
    with window(browser, served, faults, java_script_enabled=False) as plain:
        page = plain.new_page()
        page.goto(answer)
        page.get_by_text("A colleague could do it").click()
        page.get_by_label("Who?").select_option(index=2)
        page.get_by_role("button", name="Ask to take over").click()
        expect(page.get_by_role("status")).to_have_text("Your colleague has been asked.")
        page.close()


def test_the_secret_leaves_with_no_referrer(page: Page, context: BrowserContext, answer: str) -> None:
    """Neither to our own style sheet, nor to what is opened next."""
    referrers: list[str | None] = []
    page.on("request", lambda request: referrers.append(request.headers.get("referer")))
    page.goto(answer)
    page.evaluate("location.assign('/sign-in')")
    page.wait_for_url("**/sign-in")
    assert len(referrers) >= 3
    assert not any("/answer/" in (referrer or "") for referrer in referrers)
