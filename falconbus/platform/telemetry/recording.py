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

#: Not recorded: the dashboard itself, and what proxies and probes ask every few seconds.
UNRECORDED = ("/performance", "/api/v1/performance", "/api/v1/live", "/metrics", "/static", "/api/v1/health")

#: Called with the statements beyond a view's query budget: (owner, budget, statements).
Complaint = Callable[[str, int, list[str]], None]


class Recorder:
    """The recorder of a process. It runs within requests, so it only takes notes."""

    def __init__(self, redis: Redis, release: str) -> None:
        self.flusher = Flusher(redis, release)
        self.complaints: list[Complaint] = []

    def begin(self) -> Trace:
        """Open the trace of a request or task."""
        open_trace = Trace()
        open_trace.outer = trace.current.get()
        trace.current.set(open_trace)
        return open_trace

    def finish_request(self, open_trace: Trace, method: str, rule: str, status: int, *, is_recorded: bool) -> None:
        """Close the trace of a request that was answered."""
        open_trace.ended = trace.now()
        open_trace.method, open_trace.rule, open_trace.status = method, rule, status
        open_trace.request_id = context.request_id.get()
        trace.current.set(open_trace.outer)
        if (
            self.complaints
            and open_trace.budget is not None
            and open_trace.statements - open_trace.before_view > open_trace.budget
        ):
            for complain in self.complaints:
                complain(f"{method} {rule}", open_trace.budget, _sent(open_trace)[open_trace.before_view :])
        if is_recorded and not rule.startswith(UNRECORDED):
            self.flusher.add(open_trace)

    @contextmanager
    def task(self, name: str) -> Iterator[Trace]:
        """Trace a task; its outcome is `ok` unless the task sets another, or raises."""
        open_trace = self.begin()
        open_trace.name, open_trace.outcome = name, "ok"
        open_trace.request_id = context.request_id.get()
        try:
            yield open_trace
        except BaseException:
            open_trace.outcome = "failed"
            raise
        finally:
            open_trace.ended = trace.now()
            trace.current.set(open_trace.outer)
            self.flusher.add(open_trace)


def recorder() -> Recorder:
    """Return the recorder of this process."""
    own: Recorder = current_app.extensions["recorder"]
    return own


def refuse(limit: str) -> None:
    """Count a request that a rate limit has refused."""
    recorder().flusher.count((minute_counts.LIMIT, limit), "refused")


def note_cache(group: str, outcome: str, began: float) -> None:
    """Note a cache look-up in the open trace; `began` is a reading of time.perf_counter()."""
    open_trace = trace.current.get()
    if open_trace is not None:
        open_trace.note_cache(group, outcome, began)


def server_timing(open_trace: Trace) -> str:
    """Return the Server-Timing header (W3C): how a request's milliseconds were spent, and how many statements."""
    cache = sum(end - begin for begin, end, _, where, at in open_trace.steps if at == 0 and isinstance(where, str))
    total = trace.now() - open_trace.began
    return (
        f'db;dur={open_trace.sql_seconds * 1e3:.2f};desc="{open_trace.statements} statements", '
        f"cache;dur={cache * 1e3:.2f}, render;dur={context.rendering.get() * 1e3:.2f}, total;dur={total * 1e3:.2f}"
    )


def statements_of(open_trace: Trace) -> list[str]:
    """Return a request's statements for a log line: without values, each with its milliseconds."""
    return [
        f"{(end - begin) * 1e3:.1f} ms  {fingerprints.describe(sql, trace.met.get(sql) or {}, None)[1].text}"
        for begin, end, sql, where, at in open_trace.steps
        if not (at == 0 and isinstance(where, str))
    ]


def _sent(open_trace: Trace) -> list[str]:
    return [name for _, _, name, where, at in open_trace.steps if not (at == 0 and isinstance(where, str))]
