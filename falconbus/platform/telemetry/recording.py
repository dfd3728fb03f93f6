"""The recorder: each request and task leaves a trace, which the flusher adds up."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import current_app
from redis import Redis

from falconbus.platform.kit import context
from falconbus.platform.telemetry import fingerprints, minute_counts, trace
from falconbus.platform.telemetry.flusher import Flusher
from falconbus.platform.telemetry.trace import Trace

log = logging.getLogger(__name__)

#: The monitor leaves itself out, and what proxies and probes ask every few seconds.
LEFT_OUT = ("/performance", "/api/v1/performance", "/api/v1/live", "/metrics", "/static", "/api/v1/health")

#: Called with what was sent beyond a view's query budget: (owner, budget, statements).
Complaint = Callable[[str, int, list[str]], None]


class Recorder:
    """One a process. Everything here is on the request's way: nothing but notes is made."""

    def __init__(self, redis: Redis, release: str) -> None:
        self.flusher = Flusher(redis, release)
        self.complaints: list[Complaint] = []

    def begin(self) -> Trace:
        """Open the trace of a request or task."""
        one = Trace()
        one.outer = trace.current.get()
        trace.current.set(one)
        return one

    def finish_request(self, one: Trace, method: str, rule: str, status: int, *, is_recorded: bool) -> None:
        """Close the trace of a request that was answered."""
        one.ended = trace.now()
        one.method, one.rule, one.status = method, rule, status
        one.request_id = context.request_id.get()
        trace.current.set(one.outer)
        if self.complaints and one.budget is not None and one.statements - one.before_view > one.budget:
            for complain in self.complaints:
                complain(f"{method} {rule}", one.budget, _sent(one)[one.before_view :])
        if is_recorded and not rule.startswith(LEFT_OUT):
            self.flusher.add(one)

    @contextmanager
    def task(self, name: str) -> Iterator[Trace]:
        """Trace a task; it says its outcome itself (`ok` unless it does)."""
        one = self.begin()
        one.name, one.outcome = name, "ok"
        one.request_id = context.request_id.get()
        try:
            yield one
        except BaseException:
            one.outcome = "failed"
            raise
        finally:
            one.ended = trace.now()
            trace.current.set(one.outer)
            self.flusher.add(one)


def recorder() -> Recorder:
    """The recorder of this process."""
    found: Recorder = current_app.extensions["recorder"]
    return found


def refuse(limit: str) -> None:
    """A rate limit has refused a request."""
    recorder().flusher.count((minute_counts.LIMIT, limit), "refused")


def note_cache(group: str, outcome: str, began: float) -> None:
    """A cache group was asked; `began` is time.perf_counter()'s."""
    one = trace.current.get()
    if one is not None:
        one.note_cache(group, outcome, began)


def server_timing(one: Trace) -> str:
    """The value of a Server-Timing header (W3C): where a request's milliseconds went, and how many statements."""
    cache = sum(end - begin for begin, end, _, where, at in one.steps if at == 0 and isinstance(where, str))
    total = trace.now() - one.began
    return (
        f'db;dur={one.sql_seconds * 1e3:.2f};desc="{one.statements} statements", cache;dur={cache * 1e3:.2f}, '
        f"render;dur={context.rendering.get() * 1e3:.2f}, total;dur={total * 1e3:.2f}"
    )


def statements_of(one: Trace) -> list[str]:
    """The statements of a request for a log line: without values, each with its milliseconds."""
    return [
        f"{(end - begin) * 1e3:.1f} ms  {fingerprints.describe(sql, trace.met.get(sql) or {}, None)[1].text}"
        for begin, end, sql, where, at in one.steps
        if not (at == 0 and isinstance(where, str))
    ]


def _sent(one: Trace) -> list[str]:
    return [name for _, _, name, where, at in one.steps if not (at == 0 and isinstance(where, str))]
