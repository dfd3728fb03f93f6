"""Spans over the wire, as a collector would decode them."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import text

from falconbus.platform.integrations.watching import tracing
from falconbus.platform.integrations.watching.tracing import Spans
from falconbus.platform.telemetry import trace
from falconbus.platform.telemetry.aggregator import Aggregator
from falconbus.platform.telemetry.trace import Trace
from tests.platform.integrations.collector import Collector, collector

REMOTE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"


@pytest.fixture
def server() -> Iterator[Collector]:
    with collector() as found:
        yield found


def spans_of(server: Collector, *traces: Trace, share: float = 1.0) -> list[Any]:
    """What a collector gets when these have finished."""
    export = Spans(f"http://127.0.0.1:{server.port}/", "r1", share)
    for one in traces:
        export(one, Aggregator("r1"))
    export.close()
    decoded = [ExportTraceServiceRequest.FromString(body) for body in server.bodies]
    return list(
        itertools.chain.from_iterable(
            scope.spans for each in decoded for resource in each.resource_spans for scope in resource.scope_spans
        )
    )


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def request(status: int = 200, traceparent: str | None = None) -> Trace:
    one = Trace()
    one.method, one.rule, one.status, one.request_id = "GET", "/api/v1/stops/<code>", status, "request-77"
    one.traceparent = traceparent
    one.ended = one.began + 0.025
    return one


def with_a_statement(database: SQLAlchemy) -> Trace:
    """A request that has really asked the database, by a value that must not be told."""
    one = request()
    watched = database.engine
    trace.watch(watched)
    trace.current.set(one)
    try:
        database.session.execute(
            text("SELECT name FROM stops WHERE code = :code AND city <> 'Umzimkulu'"), {"code": "S3CR3T"}
        )
    finally:
        trace.current.set(None)
        trace.unwatch(watched)
    one.note_cache("stops", "hit", one.began)
    one.ended = trace.now()
    return one


def test_a_request_is_a_span_and_its_statements_are_its_children(database: SQLAlchemy, server: Collector) -> None:
    one = with_a_statement(database)
    found = {span.name: span for span in spans_of(server, one)}
    root, statement, cached = found["GET /api/v1/stops/<code>"], found["SELECT"], found["cache stops"]
    assert server.paths == ["/v1/traces"]
    assert attributes(root) == {
        "falconbus.request_id": "request-77",
        "http.request.method": "GET",
        "http.route": "/api/v1/stops/<code>",
        "http.response.status_code": 200,
    }
    assert statement.parent_span_id == cached.parent_span_id == root.span_id
    assert statement.trace_id == root.trace_id
    assert root.start_time_unix_nano <= statement.start_time_unix_nano < statement.end_time_unix_nano
    assert statement.end_time_unix_nano <= root.end_time_unix_nano
    assert abs(root.start_time_unix_nano / 1e9 - one.at) < 0.001
    assert attributes(statement)["db.query.text"].startswith("SELECT name FROM stops WHERE code = ")
    assert attributes(cached) == {"falconbus.cache.outcome": "hit"}
    assert not any(b"S3CR3T" in body for body in server.bodies)


def test_the_service_and_its_release_are_named(server: Collector) -> None:
    spans_of(server, request())
    resource = ExportTraceServiceRequest.FromString(server.bodies[0]).resource_spans[0].resource
    named = {each.key: each.value.string_value for each in resource.attributes}
    assert (named["service.name"], named["service.version"]) == ("falconbus", "r1")


def test_a_callers_trace_goes_on_in_ours(server: Collector) -> None:
    (root,) = spans_of(server, request(traceparent=f"{REMOTE}01"), share=0.0)
    assert root.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert root.parent_span_id.hex() == "b7ad6b7169203331"


def test_a_caller_who_does_not_sample_is_followed_too(server: Collector) -> None:
    assert spans_of(server, request(traceparent=f"{REMOTE}00")) == []


@pytest.mark.parametrize("bad", ["", "00-zz-yy-01", "x" * 500, "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_traceparent_that_is_none_begins_a_new_trace(server: Collector, bad: str) -> None:
    (root,) = spans_of(server, request(traceparent=bad))
    assert root.parent_span_id == b""


def test_a_share_of_requests_is_sent(server: Collector) -> None:
    found = spans_of(server, *(request() for _ in range(1000)), share=0.1)
    assert 40 < len(found) < 200


def test_a_server_error_is_marked(server: Collector) -> None:
    broken, fine = spans_of(server, request(500), request(404))
    assert (broken.status.code, fine.status.code) == (2, 0)


def test_a_task_is_a_span_of_its_own_kind(server: Collector) -> None:
    one = Trace()
    one.name, one.outcome, one.ended = "messaging.send_mail", "failed", one.began + 1
    (span,) = spans_of(server, one)
    assert (span.name, span.kind, span.status.code) == ("messaging.send_mail", 5, 2)


def test_without_an_endpoint_there_is_no_exporter() -> None:
    assert tracing.span_exporter(None, "r1") is None
