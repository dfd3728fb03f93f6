"""Errors to Sentry: where and how often something broke, never with what values."""

import logging
from typing import Any

from flask import has_request_context, request

from falconbus.platform.kit import context
from falconbus.platform.kit.lazy import Lazy

sentry_sdk = Lazy("sentry_sdk")
_atexit = Lazy("sentry_sdk.integrations.atexit")
_dedupe = Lazy("sentry_sdk.integrations.dedupe")
_logging = Lazy("sentry_sdk.integrations.logging")

#: The parts of an event that are sent; what a later version of the SDK might add is not.
_EVENT = ("event_id", "timestamp", "platform", "level", "logger", "release", "environment", "sdk")
_FRAME = ("filename", "function", "module", "lineno", "pre_context", "context_line", "post_context", "in_app")


def start(dsn: str | None, release: str) -> None:
    """Send what is logged as an error, by web processes and workers; without a `dsn` nothing is loaded.

    Of the SDK's integrations only those are on that read our log: the others patch libraries, and keep what went
    through them.
    """
    if dsn is None:
        return
    sentry_sdk.init(
        dsn=dsn,
        release=release,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            _logging.LoggingIntegration(level=None, event_level=logging.ERROR),
            _dedupe.DedupeIntegration(),
            _atexit.AtexitIntegration(callback=_leave_quietly),
        ],
        before_send=without_values,
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        propagate_traces=False,
        auto_session_tracking=False,
        send_client_reports=False,
        enable_backpressure_handling=False,
        # Brotli, its first choice, is not known to every relay.
        _experiments={"transport_compression_algo": "gzip"},
        enable_logs=False,
        enable_metrics=False,
    )


def without_values(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    """Return the event without user data: types and lines of exceptions, the request's id and rule.

    An exception's text often quotes a value (an address that is taken, a row of a table), and so do a log line's
    arguments; both stand in our own log, under the same request id.
    """
    kept = {name: event[name] for name in _EVENT if name in event}
    kept["tags"] = {"request_id": context.request_id.get()}
    if has_request_context():
        kept["transaction"] = f"{request.method} {request.url_rule.rule if request.url_rule else 'no address of ours'}"
    if "logentry" in event:
        kept["logentry"] = {"message": event["logentry"].get("message", "")}
    if "exception" in event:
        kept["exception"] = {"values": [_without_text(each) for each in event["exception"]["values"]]}
    return kept


def _without_text(exception: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {name: exception[name] for name in ("type", "module", "mechanism") if name in exception}
    frames = (exception.get("stacktrace") or {}).get("frames", [])
    kept["stacktrace"] = {"frames": [{name: frame[name] for name in _FRAME if name in frame} for frame in frames]}
    return kept


def _leave_quietly(_pending: int, _timeout: float) -> None:
    """Print nothing at exit: the SDK itself would write to standard error, which is our log."""
