"""Each request gets its id, one log line when it is answered, and its place in what is measured."""

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
from falconbus.platform.web.fast_path import FrontDoor
from falconbus.platform.web.identity import ANONYMOUS, Identity
from falconbus.platform.web.permissions import SEE_PERFORMANCE

NOWHERE = "(no such address)"
# What kit.references.signature() makes, at the end of a secret address: `/answer/7.3.1790000000.<signature>`.
_SIGNATURE = re.compile(r"\.[\w-]{32}(?=[./]|$)")


class Observer:
    """What happens at both ends of each request."""

    def __init__(self, app: Flask, settings: Settings, front_door: FrontDoor) -> None:
        self._log = app.logger
        self._front_door = front_door
        self._is_development = settings.embedded
        self.recorder = Recorder(app.extensions["cache_redis"], settings.release)
        app.extensions["recorder"] = self.recorder
        with app.app_context():
            trace.watch(db.engine)
        app.after_request(self._end_in_flask)
        before_render_template.connect(_begin_template, app)
        template_rendered.connect(_end_template, app)

    def begin(self, request_id: str | None, traceparent: str | None) -> Trace:
        """A request has come; the headers are as its client sent them."""
        context.begin(request_id)
        one = self.recorder.begin()
        one.traceparent = traceparent
        return one

    def end(
        self, one: Trace, method: str, path: str, rule: str, status: int, *, is_inner: bool = False
    ) -> list[tuple[str, str]]:
        """A request is answered: note it; the headers that every answer bears."""
        headers = [("X-Request-ID", context.request_id.get())]
        if self._is_development or one.is_for_admin:
            headers.append(("Server-Timing", recording.server_timing(one)))
        self.recorder.finish_request(one, method, rule, status, is_recorded=not is_inner)
        facts: dict[str, Any] = {"rule": rule, "status": status, "milliseconds": round(one.seconds * 1000, 1)}
        if self._log.isEnabledFor(DEBUG):
            facts["sql"] = recording.statements_of(one)
        self._log.info("%s %s %s", method, _SIGNATURE.sub(".***", path), status, extra=facts)
        return headers

    def _end_in_flask(self, response: Response) -> Response:
        one = trace.current.get()
        if one is None:
            return response
        identity: Identity = g.get("identity", ANONYMOUS)
        one.is_for_admin = identity.may(SEE_PERFORMANCE)
        rule = request.url_rule.rule if request.url_rule else NOWHERE
        self._front_door.keep(response)
        is_inner = REFILL in request.environ
        response.headers.extend(
            self.end(one, request.method, request.path, rule, response.status_code, is_inner=is_inner)
        )
        return response


def _begin_template(_app: Flask, **_: object) -> None:
    g.template_began = time.perf_counter()


def _end_template(_app: Flask, **_: object) -> None:
    context.rendering.set(context.rendering.get() + time.perf_counter() - g.template_began)
