"""The page's live numbers: by the stream, by polling while there is none, and by the stream again."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Faults, come_true, sign_in
from tests.e2e.conftest import System

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("admin")]

_LISTEN = """
window.states = [];
window.numbers = 0;
document.addEventListener("live:state", (event) => window.states.push(event.detail));
document.addEventListener("live:performance", (event) => {
  if (typeof event.detail.requests_per_second === "number") window.numbers += 1;
});
"""


def test_numbers_come_by_the_stream_or_by_polling_whatever_happens(page: Page, served: System, faults: Faults) -> None:
    faults.allowed = ("Failed to load resource: net::ERR",)
    sign_in(page)
    page.wait_for_url("**/api/v1/docs")
    page.evaluate(_LISTEN)
    page.add_script_tag(url="/static/live.js", type="module")
    come_true(page, "window.states.at(-1) === 'streaming' && window.numbers > 1")
    served.kill("live")
    try:
        come_true(page, "window.states.at(-1) === 'polling'")
        before = page.evaluate("window.numbers")
        come_true(page, f"window.numbers > {before}")
    finally:
        served.start("live")
    come_true(page, "window.states.at(-1) === 'streaming'")
    assert page.evaluate("window.states") == ["streaming", "polling", "streaming"]


def test_who_is_signed_out_elsewhere_gets_no_more_numbers(page: Page, served: System, faults: Faults) -> None:
    faults.allowed = ("Failed to load resource: the server responded with a status of 401",)
    sign_in(page)
    page.wait_for_url("**/api/v1/docs")
    page.context.clear_cookies()
    page.evaluate(_LISTEN)
    page.add_script_tag(url="/static/live.js", type="module")
    come_true(page, "window.states.at(-1) === 'away'")
    assert page.evaluate("window.numbers") == 0
