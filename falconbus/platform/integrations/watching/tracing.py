"""Traces by OpenTelemetry: requests and tasks with their statements, made from the recorder's traces."""

from collections.abc import Callable
from types import CodeType
from typing import Any

from falconbus.platform.kit.lazy import Lazy
from falconbus.platform.telemetry import fingerprints, origin, trace
from falconbus.platform.telemetry.aggregator import Aggregator
from falconbus.platform.telemetry.trace import Step, Trace

_exporting = Lazy("opentelemetry.exporter.otlp.proto.http.trace_exporter")
_propagation = Lazy("opentelemetry.trace.propagation.tracecontext")
_resources = Lazy("opentelemetry.sdk.resources")
_sampling = Lazy("opentelemetry.sdk.trace.sampling")
_sdk = Lazy("opentelemetry.sdk.trace")
_batching = Lazy("opentelemetry.sdk.trace.export")
_api = Lazy("opentelemetry.trace")

#: The share of traces sent when no caller's traceparent decides.
SHARE = 0.1
_MOST_REMEMBERED = 2000

Export = Callable[[Trace, Aggregator], None]


def span_exporter(endpoint: str | None, release: str, share: float = SHARE) -> Export | None:
    """Return what makes spans of finished traces; None, and nothing loaded, without an `endpoint` (OTLP/HTTP)."""
    return None if endpoint is None else Spans(endpoint, release, share)


class Spans:
    """Makes spans of traces in the flusher's thread; the SDK sends them in batches from a thread of its own.

    A collector that is slow or away delays nobody: the queue is bounded, what does not fit is dropped.
    """

    def __init__(self, endpoint: str, release: str, share: float) -> None:
        self._endpoint, self._release, self._share = endpoint.rstrip("/"), release, share
        self._provider: Any = None
        self._shown: dict[tuple[str, str | None], str] = {}

    def __call__(self, finished_trace: Trace, _aggregator: Aggregator) -> None:
        """Make the spans of a trace, if it is sampled."""
        # Not earlier: this is the flusher's thread, which starts after the fork.
        tracer = self._begin().get_tracer("falconbus")
        attributes: dict[str, Any] = {"falconbus.request_id": finished_trace.request_id}
        if finished_trace.method:
            attributes |= {
                "http.request.method": finished_trace.method,
                "http.route": finished_trace.rule,
                "http.response.status_code": finished_trace.status,
            }
        root = tracer.start_span(
            f"{finished_trace.method} {finished_trace.rule}" if finished_trace.method else finished_trace.name,
            _parent(finished_trace.traceparent),
            kind=_api.SpanKind.SERVER if finished_trace.method else _api.SpanKind.CONSUMER,
            attributes=attributes,
            start_time=_nanoseconds(finished_trace, finished_trace.began),
        )
        if root.is_recording():
            within = _api.set_span_in_context(root)
            for step in finished_trace.steps:
                self._add(tracer, within, finished_trace, step)
            if finished_trace.status >= 500 or finished_trace.outcome == "failed":
                root.set_status(_api.StatusCode.ERROR)
        root.end(_nanoseconds(finished_trace, finished_trace.ended))

    def close(self) -> None:
        """Send the spans that wait, and stop."""
        if self._provider is not None:
            self._provider.shutdown()

    def _begin(self) -> Any:
        if self._provider is None:
            self._provider = _sdk.TracerProvider(
                sampler=_sampling.ParentBased(_sampling.TraceIdRatioBased(self._share)),
                resource=_resources.Resource.create({"service.name": "falconbus", "service.version": self._release}),
            )
            exporter = _exporting.OTLPSpanExporter(endpoint=f"{self._endpoint}/v1/traces")
            self._provider.add_span_processor(_batching.BatchSpanProcessor(exporter))
        return self._provider

    def _add(self, tracer: Any, within: Any, finished_trace: Trace, step: Step) -> None:
        began, ended, name, where, instruction = step
        if instruction == 0 and isinstance(where, str):
            title, kind, attributes = f"cache {name}", _api.SpanKind.INTERNAL, {"falconbus.cache.outcome": where}
        else:
            text = self._text(name, where)
            title, kind = text.split(None, 1)[0].upper(), _api.SpanKind.CLIENT
            attributes = {"db.system.name": "postgresql", "db.query.text": text}
            if isinstance(where, CodeType):
                attributes["falconbus.origin"] = origin.name_of((where, instruction))
        span = tracer.start_span(title, within, kind, attributes, start_time=_nanoseconds(finished_trace, began))
        span.end(_nanoseconds(finished_trace, ended))

    def _text(self, sql: str, where: CodeType | str | None) -> str:
        """Return the statement without its values."""
        source = where.co_filename if isinstance(where, CodeType) else None
        shown = self._shown.get((sql, source))
        if shown is None:
            if len(self._shown) >= _MOST_REMEMBERED:
                self._shown.clear()
            shown = fingerprints.describe(sql, trace.met.get(sql) or {}, source)[1].text
            self._shown[sql, source] = shown
        return shown


def _parent(traceparent: str | None) -> Any:
    """Return the caller's context (W3C Trace Context); an empty one, which begins a new trace, without a header."""
    return _propagation.TraceContextTextMapPropagator().extract({"traceparent": traceparent} if traceparent else {})


def _nanoseconds(finished_trace: Trace, at: float) -> int:
    """Convert a reading of time.perf_counter() to nanoseconds since the epoch."""
    return int((finished_trace.at + at - finished_trace.began) * 1e9)
