"""The trace of one request or task: a few tuples noted while it runs, which the flusher works out later."""

import sys
import time
from contextvars import ContextVar
from types import CodeType
from typing import Any

from sqlalchemy import Engine, event

from falconbus.platform.telemetry import fingerprints, origin
from falconbus.platform.telemetry.origin import Place

#: Steps that a trace keeps; the rest is only counted and timed as a whole.
MOST_STEPS = 200
#: Statements whose parameter types and call chains a process remembers.
_MOST_MET = 2000

#: (begin, end) on time.perf_counter(), then for a statement its text and the place that sent it,
#: for a cache call its group, its outcome and nothing.
Step = tuple[float, float, str, CodeType | str | None, int]

now = _perf_counter = time.perf_counter
_getframe = sys._getframe  # noqa: SLF001  the interpreter's own way to the stack; inspect.stack() takes milliseconds
_place_of = origin.place_of


class Trace:
    """One request or task. Times are in seconds."""

    __slots__ = (
        "at",
        "before_view",
        "began",
        "budget",
        "ended",
        "fault",
        "is_for_admin",
        "method",
        "name",
        "outcome",
        "outer",
        "repeats",
        "request_id",
        "rule",
        "sql_seconds",
        "statements",
        "status",
        "steps",
        "traceparent",
    )  # fmt: skip

    def __init__(self) -> None:
        self.began = _perf_counter()
        self.at = time.time()
        self.steps: list[Step] = []
        self.statements = 0
        self.sql_seconds = 0.0
        self.before_view = 0
        self.budget: int | None = None
        self.repeats: dict[tuple[str, int], int] = {}
        self.ended = 0.0
        self.method = self.rule = self.name = self.outcome = self.request_id = self.fault = ""
        self.status = 0
        self.traceparent: str | None = None
        self.is_for_admin = False
        #: A task may make requests of its own.
        self.outer: Trace | None = None

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return self.ended - self.began

    def begin_view(self) -> None:
        """Count statements against the view's budget from here on; again when its transaction is retried."""
        self.before_view = self.statements

    def note_cache(self, group: str, outcome: str, began: float) -> None:
        """Note a look-up in a cache group; `outcome` is hit, miss, stale or error."""
        if len(self.steps) < MOST_STEPS:
            self.steps.append((began, _perf_counter(), group, outcome, 0))


current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def note_fault(name: str) -> None:
    """Say why the open request is refused or fails: a problem's code, or an exception's class."""
    if (open_trace := current.get()) is not None:
        open_trace.fault = name


#: From a statement's text to the types of its parameters, when it was first met.
met: dict[str, Any] = {}
#: The call chain of a statement that was sent again within a request, by its text and instruction.
chains: dict[tuple[str, int], list[Place]] = {}


def watch(engine: Engine) -> None:
    """Note every statement that `engine` sends while a trace is open."""
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)


def unwatch(engine: Engine) -> None:
    """Stop noting the statements of `engine`."""
    event.remove(engine, "before_cursor_execute", _begin)
    event.remove(engine, "after_cursor_execute", _end)


def _begin(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:  # noqa: FBT001
    context.falconbus_began = _perf_counter()


def _end(_connection: Any, _cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:  # noqa: FBT001
    trace = current.get()
    if trace is None:
        return
    ended = _perf_counter()
    began = context.falconbus_began
    trace.statements += 1
    trace.sql_seconds += ended - began
    if len(trace.steps) >= MOST_STEPS:
        return
    place = _place_of(_getframe(1))
    if place is None:
        trace.steps.append((began, ended, statement, None, -1))
    else:
        frame, code, instruction = place
        trace.steps.append((began, ended, statement, code, instruction))
        key = (statement, instruction)
        seen = trace.repeats.get(key, 0)
        trace.repeats[key] = seen + 1
        if seen and key not in chains and len(chains) < _MOST_MET:
            chains[key] = origin.chain_of(frame)
    if statement not in met and len(met) < _MOST_MET:
        met[statement] = fingerprints.types_of(parameters[0] if many and isinstance(parameters, list) else parameters)
