"""A real browser on the real web process: Debian's Chromium through Playwright."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from falconbus.accounts import service
from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from tests.browser.leftout import need_chromium
from tests.e2e.conftest import System, eventually, free_port

ADMIN, PASSWORD = "admin@falconbus.example", "correct horse battery"
PHONE = {"width": 375, "height": 700}
DESKTOP = {"width": 1280, "height": 800}

#: Kept in the page, as the browser tells it only there.
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""


@dataclass
class Faults:
    """What went wrong in the browser, in the order of its happening. A test may expect some: `allowed` begin so."""

    found: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()

    def watch(self, page: Page) -> None:
        """Note uncaught errors and what the console calls an error, which is how refused code and styles show."""
        page.add_init_script(_WATCH)
        page.on("pageerror", lambda error: self.found.append(f"uncaught: {error}"))
        page.on("console", lambda message: self.found.append(message.text) if message.type == "error" else None)

    def check(self, pages: list[Page]) -> None:
        """Fail when there was any."""
        for page in pages:
            if not page.is_closed():
                self.found += page.evaluate("window.violations || []")
        left = [each for each in self.found if not each.startswith(self.allowed or ("\0",))]
        assert left == [], "the browser complained"


@pytest.fixture(scope="session")
def program() -> str:
    """The browser's program; its tests are left out where there is none."""
    return need_chromium()


@pytest.fixture(scope="package")
def browser(program: str) -> Iterator[Browser]:
    """The browser. Playwright keeps an event loop running in this thread, where other folders' tests have their own."""
    # Chromium's own sandbox cannot be had as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="package")
def served(program: str, migrated_app: FalconBus, environment: dict[str, str]) -> Iterator[System]:
    """gunicorn and the live process on this test process's database; for this folder's tests only, as they count."""
    live_port = str(free_port())
    running = System(
        {**environment, "LIVE_HOST": "127.0.0.1", "LIVE_PORT": live_port, "LIVE_URL": f"http://127.0.0.1:{live_port}"},
        free_port(),
    )
    running.start("web", "live")
    try:
        eventually(running.is_up)
        yield running
    finally:
        # Ended kindly, they would leave their last second to the next test's counts.
        running.kill()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def context(browser: Browser, served: System, app: FalconBus, faults: Faults) -> Iterator[BrowserContext]:
    """A window without a past, on a desk."""
    with window(browser, served, faults, viewport=DESKTOP) as opened:
        yield opened


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@contextmanager
def window(browser: Browser, served: System, faults: Faults, **options: Any) -> Iterator[BrowserContext]:
    """Another window: `viewport`, `color_scheme`, ... as Playwright calls them. Complaints of the browser fail."""
    opened = browser.new_context(base_url=served.url, **options)
    opened.set_default_timeout(10_000)
    opened.on("page", faults.watch)
    try:
        yield opened
        faults.check(opened.pages)
    finally:
        opened.close()


@pytest.fixture
def admin(app: FalconBus) -> str:
    """The e-mail of an admin whose password is PASSWORD."""
    with app.app_context():
        transactions.run(lambda: service.create_user(ADMIN, PASSWORD, [Role.ADMIN], "Admin"))
    return ADMIN


def sign_in(page: Page, email: str = ADMIN, password: str = PASSWORD, goal: str = "/api/v1/docs") -> None:
    """Sign in by the form, and go to `goal`."""
    page.goto(f"/sign-in?next={goal}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def scrolls_sideways(page: Page) -> bool:
    """Whether something is wider than the screen."""
    page.wait_for_load_state("load")
    # What scripts draw has its size a frame later.
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))")
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def come_true(page: Page, expression: str) -> None:
    """Wait for an expression in the page; the page's policy forbids what wait_for_function() does."""
    eventually(lambda: page.evaluate(expression))
