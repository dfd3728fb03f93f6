"""The dashboard in a browser: planted faults are named with what to do about them, and what is done shows."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
import time_machine
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import Error as PlaywrightError

from falconbus.app import FalconBus
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.telemetry import plans, rollup
from tests.browser.conftest import PHONE, Faults, come_true, scrolls_sideways, sign_in, window
from tests.browser.planted_tables import CHAIN, DEPOTS, LABEL, planted_tables
from tests.e2e.conftest import System, eventually, free_port
from tests.world import World

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("admin", "tables")]

LISTS, FINDS = "/api/v1/planted/depots", f"/api/v1/planted/parcels?label={LABEL.replace(' ', '+')}"
PAGES = ("", "/statements", "/repeated", "/advice", "/caches", "/workers", "/database", "/health", "/compare")


@pytest.fixture(scope="module")
def served(program: str, migrated_app: FalconBus, environment: dict[str, str]) -> Iterator[System]:
    """gunicorn with the planted endpoints, and the live process."""
    live_port = str(free_port())
    running = System(
        {**environment, "LIVE_HOST": "127.0.0.1", "LIVE_PORT": live_port, "LIVE_URL": f"http://127.0.0.1:{live_port}"},
        free_port(),
        app="tests.browser.planted_app:app",
    )
    running.start("web", "live")
    try:
        eventually(running.is_up)
        yield running
    finally:
        running.kill()


@pytest.fixture
def tables(app: FalconBus) -> Iterator[None]:
    with planted_tables(app):
        yield


@pytest.fixture
def worker(served: System) -> Iterator[None]:
    served.start("worker", "worker-critical")
    yield
    served.stop("worker", "worker-critical")


@contextmanager
def load(served: System, *paths: str) -> Iterator[None]:
    """Somebody asks for these addresses all the time."""
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.wait(0.05):
            for path in paths:
                served.call("GET", path)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def open_overview(page: Page) -> None:
    sign_in(page, goal="/performance")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def reload_until(page: Page, wanted: Locator) -> None:
    """What was counted shows within about a second."""

    def look() -> bool:
        # A reload that meets the end of another one is refused by the browser: look again.
        with suppress(PlaywrightError):
            page.reload()
        return wanted.count() > 0

    eventually(look)


def press_through_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("the keyboard does not get there")


def test_a_repeated_statement_is_found_by_keyboard_with_its_line_and_its_remedy(page: Page, served: System) -> None:
    for _ in range(5):
        served.call("GET", LISTS)
    open_overview(page)
    finding = page.get_by_role("listitem").filter(has_text=f"{CHAIN[0]} sends a statement {DEPOTS} times a request")
    reload_until(page, finding)
    expect(finding).to_contain_text("Ask once, before the loop, for all that it needs.")
    broken = page.get_by_role("listitem").filter(has_text=f"GET {LISTS} broke its query budget of 2 in")
    expect(broken).to_be_visible()
    press_through_to(page, finding.get_by_role("link"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Repeated statements")).to_be_visible()
    found = page.get_by_role("article").filter(has_text=f"GET {LISTS}")
    expect(found.locator("p.origin")).to_have_text(CHAIN[0])
    expect(found).to_contain_text("WHERE depot_id = ANY(...)")
    press_through_to(page, found.locator("summary"))
    page.keyboard.press("Enter")
    expect(found.get_by_role("listitem").filter(visible=True)).to_contain_text(CHAIN)
    expect(found).to_contain_text("WHERE depot_id = $1")


def test_live_figures_follow_the_load_and_charts_are_drawn(page: Page, served: System) -> None:
    with load(served, LISTS):
        open_overview(page)
        live = page.locator("[data-live-numbers]")
        expect(live.locator(".live")).to_have_text("live, over the last minute")
        tile = live.locator("[data-live=requests_per_second]")
        shown: set[str] = set()

        def has_changed() -> bool:
            shown.add(tile.inner_text())
            return len(shown - {"–", "0/s"}) >= 3

        eventually(has_changed)
        expect(live.locator("[data-live=p95_ms]")).to_have_text(re.compile(r"\d\s(ms|s)$"))
        expect(live.locator("[data-live=processes]")).not_to_have_text("–")
        reload_until(page, page.locator("[data-chart] canvas"))
    for chart in ("throughput", "durations"):
        come_true(
            page,
            f"""(() => {{
              const canvas = document.querySelector("[data-chart={chart}] canvas");
              const pixels = canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
              return pixels?.some((value) => value > 0);
            }})()""",
        )


def test_a_missing_index_is_proven_and_its_migration_written(
    page: Page, served: System, worker: None, app: FalconBus
) -> None:
    for _ in range(20):
        served.call("GET", FINDS)
    open_overview(page)
    reload_until(page, page.get_by_role("link", name="GET /api/v1/planted/parcels"))
    # What beat does once the minute is over and settled.
    with app.app_context():
        with time_machine.travel(clock.now() + timedelta(minutes=5)):
            assert rollup.roll_up() >= 1
        plans.explain_slow()
    page.reload()
    slow = page.get_by_role("listitem").filter(has_text="A statement reads all of planted_parcels")
    expect(slow).to_contain_text("tests/browser/planted.py")
    slow.get_by_role("link").click()
    expect(page.locator("#statement-text")).to_contain_text("FROM planted_parcels WHERE label = $1")
    plan = page.locator(".plan")
    expect(plan).to_contain_text("Seq Scan")
    expect(plan).to_contain_text("planted_parcels")
    expect(plan).to_contain_text("reads the whole table")
    page.get_by_role("button", name="Find an index").click()
    advice = page.get_by_role("article").filter(has_text="Index on planted_parcels (label)")
    expect(advice).to_be_visible(timeout=60_000)
    expect(advice).to_contain_text("times quicker")
    expect(advice).to_contain_text("CREATE INDEX CONCURRENTLY ix_planted_parcels_label ON planted_parcels (label)")
    expect(advice.locator("pre.sql")).to_contain_text("def upgrade() -> None:")
    advice.get_by_text("Plan before and after").click()
    before, after = advice.locator(".before-after > div").all()
    expect(before).to_contain_text("Seq Scan")
    expect(after).to_contain_text("ix_planted_parcels_label")
    page.goto("/performance/workers")
    expect(page.locator(".tile").filter(has_text="Workers alive")).to_contain_text("2")
    page.goto("/performance")
    missing = page.get_by_role("listitem").filter(has_text="An index on planted_parcels (label) is missing")
    missing.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/performance/advice"))
    expect(page.get_by_role("article").filter(has_text="planted_parcels")).to_be_visible()


def test_a_cleared_group_loses_its_hits(page: Page, served: System, world: World) -> None:
    schedule = world.add_schedule()
    search = f"/api/v1/schedules?origin=A&destination=D&date={world.day_of(schedule)}"
    # Without its announcements the world is nothing new: answers are kept for as long as they may ever be.
    cache_redis().flushdb()
    searches = [f"{search}&passengers={number}" for number in range(1, 6)]

    def ask() -> list[str]:
        return [served.call("GET", each).headers["X-Cache"] for each in searches]

    for _ in range(8):
        ask()
    assert "MISS" not in ask()
    sign_in(page, goal="/performance/caches")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="search", exact=True))
    reload_until(page, row.get_by_role("cell", name="40", exact=True))
    before = hit_share(row)
    assert before > 70
    row.get_by_role("button", name="Clear search").click()
    expect(page.get_by_role("status")).to_contain_text("The group is cleared")
    # A process believes for half a second what it knows.
    time.sleep(0.6)
    assert ask() == ["MISS"] * 5
    reload_until(page, row.get_by_role("cell", name="10", exact=True))
    assert hit_share(row) < before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_in_light_and_dark(
    scheme: str, browser: Browser, served: System, faults: Faults
) -> None:
    for path in (LISTS, FINDS, "/api/v1/schedules/999999"):
        served.call("GET", path)
    with window(browser, served, faults, viewport=PHONE, color_scheme=scheme) as phone:
        page = phone.new_page()
        open_overview(page)
        endpoint = page.get_by_role("link", name=f"GET {LISTS}", exact=True)
        reload_until(page, endpoint)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(238, 241, 245)" if scheme == "light" else "rgb(13, 18, 25)")
        endpoint.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"GET {LISTS}")
        assert not scrolls_sideways(page)
        page.get_by_role("link", name="FROM planted_visits").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Statement")
        assert not scrolls_sideways(page)
        for path in PAGES:
            page.goto(f"/performance{path}")
            expect(page.get_by_role("navigation", name="Performance")).to_be_visible()
            assert not scrolls_sideways(page), path


def hit_share(row: Locator) -> float:
    return float(row.get_by_role("cell").nth(0).inner_text().split()[0])
