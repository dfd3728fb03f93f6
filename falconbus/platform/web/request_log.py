"""The request log: an id, a trace and one log line for each request."""

import re
import time
from logging import DEBUG
from typing import Any

from flask import Flask, Response, before_render_template, g, request, template_rendered

from config import Settings
from falconbus.platform.caching.response_cache import REFILL
from falconbus.platform.database.engine import db
from falconbus.platform.kit import context
from falconbus.platform.telemetry import recording, trace
from falconbus.platform.telemetry.recording import Recorder
from falconbus.platform.telemetry.trace import Trace
from falconbus.platform.web import development
from falconbus.platform.web.fast_path import FastPath
from falconbus.platform.web.identity import ANONYMOUS, Identity
from falconbus.platform.web.permissions import SEE_PERFORMANCE

NOWHERE = "(no such address)"
# What kit.references.signature() makes, at the end of a secret address: `/answer/7.3.1790000000.<signature>`.
_SIGNATURE = re.compile(r"\.[\w-]{32}(?=[./]|$)")


class RequestLog:
    """Begins and ends the recording of each request."""

    def __init__(self, app: Flask, settings: Settings, fast_path: FastPath) -> None:
        self._log = app.logger
        self._fast_path = fast_path
        self._is_development = development.is_for_development(settings)
        self.recorder = Recorder(app.extensions["cache_redis"], settings.release)
        app.extensions["recorder"] = self.recorder
        with app.app_context():
            trace.watch(db.engine)
        app.after_request(self._end_in_flask)
        before_render_template.connect(_begin_template, app)
        template_rendered.connect(_end_template, app)

    def begin(self, request_id: str | None, traceparent: str | None) -> Trace:
        """Begin a request with its id and trace; the headers are as the client sent them."""
        context.begin(request_id)
        request_trace = self.recorder.begin()
        request_trace.traceparent = traceparent
        return request_trace

    def end(
        self, request_trace: Trace, method: str, path: str, rule: str, status: int, *, is_inner: bool = False
    ) -> list[tuple[str, str]]:
        """End a request: record and log it; return the headers that every response bears."""
        headers = [("X-Request-ID", context.request_id.get())]
        if self._is_development or request_trace.is_for_admin:
            headers.append(("Server-Timing", recording.server_timing(request_trace)))
        self.recorder.finish_request(request_trace, method, rule, status, is_recorded=not is_inner)
        fields: dict[str, Any] = {
            "rule": rule,
            "status": status,
            "milliseconds": round(request_trace.seconds * 1000, 1),
        }
        if self._log.isEnabledFor(DEBUG):
            fields["sql"] = recording.statements_of(request_trace)
        self._log.info("%s %s %s", method, _SIGNATURE.sub(".***", path), status, extra=fields)
        return headers

    def _end_in_flask(self, response: Response) -> Response:
        request_trace = trace.current.get()
        if request_trace is None:
            return response
        identity: Identity = g.get("identity", ANONYMOUS)
        request_trace.is_for_admin = identity.may(SEE_PERFORMANCE)
        rule = request.url_rule.rule if request.url_rule else NOWHERE
        self._fast_path.keep(response)
        is_inner = REFILL in request.environ
        response.headers.extend(
            self.end(request_trace, request.method, request.path, rule, response.status_code, is_inner=is_inner)
        )
        return response


def _begin_template(_app: Flask, **_: object) -> None:
    g.template_began = time.perf_counter()


def _end_template(_app: Flask, **_: object) -> None:
    context.rendering.set(context.rendering.get() + time.perf_counter() - g.template_began)
