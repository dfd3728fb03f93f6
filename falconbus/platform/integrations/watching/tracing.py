"""Traces by OpenTelemetry: requests and tasks with their statements, from what the recorder has noted anyway."""

from collections.abc import Callable
from types import CodeType
from typing import Any

from falconbus.platform.kit.lazy import Lazy
from falconbus.platform.telemetry import fingerprints, origin, trace
from falconbus.platform.telemetry.aggregator import Accumulator
from falconbus.platform.telemetry.trace import Step, Trace

_exporting = Lazy("opentelemetry.exporter.otlp.proto.http.trace_exporter")
_propagation = Lazy("opentelemetry.trace.propagation.tracecontext")
_resources = Lazy("opentelemetry.sdk.resources")
_sampling = Lazy("opentelemetry.sdk.trace.sampling")
_sdk = Lazy("opentelemetry.sdk.trace")
_batching = Lazy("opentelemetry.sdk.trace.export")
_api = Lazy("opentelemetry.trace")

#: A caller's traceparent decides; of the rest so large a share is sent.
SHARE = 0.1
_MOST_REMEMBERED = 2000

Export = Callable[[Trace, Accumulator], None]


def span_exporter(endpoint: str | None, release: str, share: float = SHARE) -> Export | None:
    """What the flusher shall hand finished traces to; None, and nothing loaded, without an `endpoint` (OTLP/HTTP)."""
    return None if endpoint is None else Spans(endpoint, release, share)


class Spans:
    """Makes spans of traces, in the flusher's thread. They leave in batches from a thread of the SDK's own.

    So a collector that is slow or away holds nobody up: its queue is bounded, what does not fit is dropped.
    """

    def __init__(self, endpoint: str, release: str, share: float) -> None:
        self._endpoint, self._release, self._share = endpoint.rstrip("/"), release, share
        self._provider: Any = None
        self._shown: dict[tuple[str, str | None], str] = {}

    def __call__(self, one: Trace, _accumulator: Accumulator) -> None:
        """Make a trace's spans, when it is sampled."""
        # Here and not before: this is the flusher's thread, so the fork is behind us.
        tracer = self._begin().get_tracer("falconbus")
        attributes: dict[str, Any] = {"falconbus.request_id": one.request_id}
        if one.method:
            attributes |= {
                "http.request.method": one.method,
                "http.route": one.rule,
                "http.response.status_code": one.status,
            }
        root = tracer.start_span(
            f"{one.method} {one.rule}" if one.method else one.name,
            _parent(one.traceparent),
            kind=_api.SpanKind.SERVER if one.method else _api.SpanKind.CONSUMER,
            attributes=attributes,
            start_time=_nanoseconds(one, one.began),
        )
        if root.is_recording():
            within = _api.set_span_in_context(root)
            for step in one.steps:
                self._add(tracer, within, one, step)
            if one.status >= 500 or one.outcome == "failed":
                root.set_status(_api.StatusCode.ERROR)
        root.end(_nanoseconds(one, one.ended))

    def close(self) -> None:
        """Send what waits."""
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

    def _add(self, tracer: Any, within: Any, one: Trace, step: Step) -> None:
        began, ended, name, where, instruction = step
        if instruction == 0 and isinstance(where, str):
            title, kind, attributes = f"cache {name}", _api.SpanKind.INTERNAL, {"falconbus.cache.outcome": where}
        else:
            text = self._text(name, where)
            title, kind = text.split(None, 1)[0].upper(), _api.SpanKind.CLIENT
            attributes = {"db.system.name": "postgresql", "db.query.text": text}
            if isinstance(where, CodeType):
                attributes["falconbus.origin"] = origin.name_of((where, instruction))
        span = tracer.start_span(title, within, kind, attributes, start_time=_nanoseconds(one, began))
        span.end(_nanoseconds(one, ended))

    def _text(self, sql: str, where: CodeType | str | None) -> str:
        """The statement without its values."""
        source = where.co_filename if isinstance(where, CodeType) else None
        shown = self._shown.get((sql, source))
        if shown is None:
            if len(self._shown) >= _MOST_REMEMBERED:
                self._shown.clear()
            shown = fingerprints.describe(sql, trace.met.get(sql) or {}, source)[1].text
            self._shown[sql, source] = shown
        return shown


def _parent(traceparent: str | None) -> Any:
    """The caller's context (W3C Trace Context); an empty one, so that a new trace begins, when it is none."""
    return _propagation.TraceContextTextMapPropagator().extract({"traceparent": traceparent} if traceparent else {})


def _nanoseconds(one: Trace, at: float) -> int:
    """A reading of time.perf_counter() as nanoseconds since the epoch."""
    return int((one.at + at - one.began) * 1e9)
