"""The control of the recorder: our app with one more endpoint, and no recording; ids and log lines stay on."""

import threading
from typing import Any

from benchmarks.recorders.ours import app
from falconbus.platform.database.engine import db
from falconbus.platform.telemetry import trace
from falconbus.platform.telemetry.recording import Recorder
from falconbus.platform.telemetry.trace import Trace

__all__ = ["app"]


class _SilentRecorder(Recorder):
    """Records only a request's time, for its log line; its flusher never starts.

    Making traces is a part of what recording costs, so here each thread reuses one.
    """

    _own = threading.local()

    def begin(self) -> Trace:
        open_trace: Trace | None = getattr(self._own, "trace", None)
        if open_trace is None:
            open_trace = self._own.trace = Trace()
        open_trace.began = trace.now()
        trace.current.set(open_trace)
        return open_trace

    def finish_request(self, open_trace: Trace, *_: Any, **__: Any) -> None:
        open_trace.ended = trace.now()
        trace.current.set(None)


with app.app_context():
    trace.unwatch(db.engine)
app.request_log.recorder = app.extensions["recorder"] = _SilentRecorder(app.extensions["cache_redis"], "unrecorded")
