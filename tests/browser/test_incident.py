"""The dashboard in an incident: the first screen says what is wrong and what to do, on a desk and on a phone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import Faults, scrolls_sideways, sign_in, window
from tests.browser.staged_incident import PAY, SHOW, SLOW_FINGERPRINT, stage
from tests.e2e.conftest import System
from tests.world import World

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("admin")]

DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
#: What is wrong, with what tells the cause or the cure.
WRONG = {
    "payfast took no money in 5 of 8 payments of the last 15 minutes": "status page",
    "60 mails wait, the oldest for 9 min": "SMTP 535 5.7.8: the sign-in was refused",
    f"{PAY} failed 63 of 5": "The last one is request 9c4b59e51",
    "A statement takes": f"{SHOW} waits for it",
    "Rate limits refused 324 requests (429), most at /api/v1/schedules": "give it an API key",
}


@pytest.fixture
def incident(client: FlaskClient, world: World) -> None:
    stage(client, world)


@pytest.fixture(params=["desk-light", "desk-dark", "phone-light", "phone-dark"])
def page(request: pytest.FixtureRequest, browser: Browser, served: System, faults: Faults) -> Iterator[Page]:
    place, scheme = request.param.split("-")
    viewport = DESK if place == "desk" else PHONE
    with window(browser, served, faults, viewport=viewport, color_scheme=scheme) as opened:
        yield opened.new_page()


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page, for people's eyes, in the folder that PICTURES names."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")
        page.screenshot(path=Path(folder) / f"{name}-whole.png", full_page=True)


def test_the_first_screen_says_what_is_wrong_and_what_to_do(
    incident: None, page: Page, request: pytest.FixtureRequest
) -> None:
    sign_in(page, goal="/performance")
    name = request.node.callspec.id
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    picture(page, f"incident-{name}")
    wrong = page.get_by_role("region", name="5 things are wrong")
    expect(wrong).to_be_visible()
    found = wrong.locator(".finding")
    expect(found).to_have_count(len(WRONG))
    for one, (words, cure) in zip(found.all(), WRONG.items(), strict=True):
        expect(one).to_contain_text(words)
        expect(one).to_contain_text(cure)
    assert not scrolls_sideways(page)
    screen = page.viewport_size or DESK
    # On a desk all is told without scrolling; a phone's first screen has the most urgent.
    last = found.last if name.startswith("desk") else found.nth(1)
    box = last.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= screen["height"]
    failed = page.get_by_role("row").filter(has_text="provider_failed")
    expect(failed).to_contain_text("9c4b59e51")
    if name.startswith("desk"):
        for width in (1440, 1280, 1024):
            page.set_viewport_size(ViewportSize(width=width, height=900))
            endpoints = page.get_by_role("region", name="Endpoints")
            assert endpoints.evaluate("box => box.scrollWidth <= box.clientWidth"), width
        page.set_viewport_size(DESK)
    for path in (f"/statements/{SLOW_FINGERPRINT}", "/workers", "/statements", "/database", "/health", "/advice"):
        page.goto(f"/performance{path}")
        assert not scrolls_sideways(page), path
        picture(page, f"{path.split('/')[-1]}-{name}")
