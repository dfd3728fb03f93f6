"""A Ctrl-C, which a terminal sends to every process, ends `falcon test` by its first process, and quietly.

That one has all others ignore it from their birth (whoever is interrupted while it loads prints a traceback), and
sends SIGTERM to the pytest that it has started.
"""

import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
from xdist.workermanage import NodeManager  # type: ignore[import-untyped]

_COUNTED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Go on ignoring it, but not by SIG_IGN, which the programs that tests start would inherit."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda _number, _frame: None)
        if not hasattr(config, "workerinput"):
            signal.signal(signal.SIGTERM, _interrupt)


@pytest.hookimpl(wrapper=True)
def pytest_sessionstart() -> Iterator[None]:
    """Have the workers, which are started now, ignore it; one that is left while it loads prints a traceback, too."""
    told: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if told:
        raise KeyboardInterrupt


def pytest_keyboard_interrupt() -> None:
    """Give the workers a second to end, not ten."""
    NodeManager.EXIT_TIMEOUT = 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Say once how many tests there are."""
    if _COUNTED not in node.config.stash:
        node.config.stash[_COUNTED] = True
        node.config.pluginmanager.get_plugin("terminalreporter").write_line(f"{len(ids):,} tests")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second Ctrl-C ends it at once
    raise KeyboardInterrupt
