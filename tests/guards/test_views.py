"""Every address says who may call it, and says it truly."""

import inspect
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from falconbus.app import FalconBus
from falconbus.platform.web.declarations import PUBLIC as PUBLIC_OPERATION
from falconbus.platform.web.declarations import operation_of
from falconbus.platform.web.permissions import Permission

#: The addresses that anybody may call. A new one is a decision: it is made here.
PUBLIC = {
    "GET /",
    "GET /answer/<token>",
    "GET /answer/<token>/<any(accept,reject,'hand-over'):action>",
    "GET /api/v1/bookings/<reference>",
    "GET /api/v1/bookings/<reference>/calendar.ics",
    "GET /api/v1/bookings/<reference>/ticket.pdf",
    "GET /api/v1/brand",
    "GET /api/v1/brand/logo",
    "GET /api/v1/docs",
    "GET /api/v1/fare-classes",
    "GET /api/v1/health",
    "GET /api/v1/health/live",
    "GET /api/v1/health/ready",
    "GET /api/v1/openapi.json",
    "GET /api/v1/routes",
    "GET /api/v1/routes/<id:route_id>",
    "GET /api/v1/availability",
    "GET /api/v1/schedules",
    "GET /api/v1/schedules/<id:schedule_id>",
    "GET /api/v1/schedules/<id:schedule_id>/seats",
    "GET /api/v1/scheduling/rosters/calendar/<token>.ics",
    "GET /api/v1/scheduling/appointments/<reference>",
    "GET /api/v1/scheduling/services",
    "GET /api/v1/scheduling/services/<id:service_id>",
    "GET /api/v1/stops",
    "GET /api/v1/stops/<code>",
    "GET /brand.css",
    "GET /dev/mail/",
    "GET /dev/mail/<name>",
    "GET /dev/mail/<name>/attachments/<id:number>",
    "GET /dev/mail/<name>/html",
    "GET /manage/<reference>",
    "GET /manage/<reference>/calendar.ics",
    "GET /manage/<reference>/cancel",
    "GET /manage/<reference>/ticket.pdf",
    "GET /sign-in",
    "GET /staff-mails/<token>",
    "GET /staff-mails/<token>/<any(off,on):state>",
    "POST /staff-mails/<token>/<any(off,on):state>",
    "POST /answer/<token>/accept",
    "POST /answer/<token>/hand-over",
    "POST /answer/<token>/reject",
    "POST /api/v1/auth/token",
    "POST /api/v1/bookings",
    "PATCH /api/v1/bookings/<reference>",
    "PATCH /api/v1/bookings/<reference>/passengers/<id:number>",
    "POST /api/v1/bookings/<reference>/cancel",
    "POST /api/v1/bookings/<reference>/mails/<id:mail_id>/send-again",
    "POST /api/v1/bookings/<reference>/payments",
    "POST /api/v1/payments/webhooks/<provider>",
    "POST /api/v1/scheduling/appointments",
    "POST /api/v1/scheduling/appointments/<reference>/cancel",
    "POST /manage/<reference>/cancel",
    "POST /sign-in",
    "POST /sign-out",
}


def rules(app: FalconBus) -> list[tuple[str, Rule]]:
    return [
        (verb, rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for verb in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_every_view_declares_who_may_call_it(migrated_app: FalconBus) -> None:
    for verb, rule in rules(migrated_app):
        declared = operation_of(migrated_app.view_functions[rule.endpoint])
        assert declared is not None, f"{verb} {rule.rule} declares nothing"
        assert declared.who is PUBLIC_OPERATION or isinstance(declared.who, Permission), f"{verb} {rule.rule}"


def test_every_view_declares_how_many_statements_it_may_send(migrated_app: FalconBus) -> None:
    for verb, rule in rules(migrated_app):
        declared = operation_of(migrated_app.view_functions[rule.endpoint])
        assert declared is not None, f"{verb} {rule.rule} declares nothing"
        assert declared.budget >= 0, f"{verb} {rule.rule}"


def test_the_public_addresses_are_those_written_here(migrated_app: FalconBus) -> None:
    public = {
        f"{verb} {rule.rule}"
        for verb, rule in rules(migrated_app)
        if getattr(operation_of(migrated_app.view_functions[rule.endpoint]), "who", None) is PUBLIC_OPERATION
    }
    assert public == PUBLIC


def test_nobody_in_particular_gets_401_everywhere_else(client: FlaskClient, app: FalconBus) -> None:
    called = 0
    for verb, rule in rules(app):
        if f"{verb} {rule.rule}" not in PUBLIC:
            address = re.sub(r"<[^>]+>", "1", rule.rule)
            answer = client.open(address, method=verb, json={})
            assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated"), f"{verb} {address}"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            called += 1
    assert called > 10


def test_every_api_view_declares_output_and_what_it_is_for(migrated_app: FalconBus) -> None:
    for verb, rule in rules(migrated_app):
        view = migrated_app.view_functions[rule.endpoint]
        if not rule.rule.startswith("/api/v1/") or rule.endpoint.startswith("documents."):
            continue
        declared = operation_of(view)
        assert declared is not None, f"{verb} {rule.rule} declares nothing"
        assert declared.gives, f"{verb} {rule.rule} declares no output"
        assert inspect.getdoc(view), f"{verb} {rule.rule} says nothing of itself"
        takes_body = (
            verb in {"POST", "PUT", "PATCH"}
            and "webhooks" not in rule.rule
            and not rule.rule.endswith("/jobs/<id:job_id>/retry")
            and not rule.rule.endswith("/<id:notification_id>/read")
            and not rule.rule.endswith(("/renew-link", "/send-again"))
        )
        if takes_body:
            assert declared.takes is not None, f"{verb} {rule.rule} declares no input"


@pytest.mark.parametrize("path", ["/api/v1/stops", "/api/v1/stops/", "/api/stops", "/api/stops/"])
def test_addresses_work_with_and_without_version_and_slash(path: str, client: FlaskClient) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json["results"]) == (200, [])


@pytest.mark.parametrize(
    ("verb", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/v2/stops", 404, "not_found"),
        ("DELETE", "/api/v1/stops", 405, "method_not_allowed"),
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api/v1/bookings/%00?email=a@example.com", 404, "booking_not_found"),
        ("GET", "/api/v1/bookings/ABCD2345?email=%00", 422, "invalid"),
        ("GET", "/api/v1/stops/%00", 404, "stop_not_found"),
        ("GET", "/api/v1/schedules?origin=%00&destination=A&date=2027-01-01", 422, "invalid"),
    ],
)
def test_what_is_not_there_is_a_problem_document_too(
    verb: str, path: str, status: int, code: str, client: FlaskClient
) -> None:
    answer = client.open(path, method=verb)
    assert answer.content_type == "application/problem+json"
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(answer.json or ())


def test_every_answer_bears_an_id_and_the_security_headers(client: FlaskClient) -> None:
    for path in ("/api/v1/stops", "/api/v1/nothing", "/api/docs"):
        answer = client.get(path, headers={"X-Request-ID": "from-the-caller-1"})
        assert answer.headers["X-Request-ID"] == "from-the-caller-1"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
    forged = client.get("/api/v1/stops", headers={"X-Request-ID": "two lines\tor worse"})
    assert forged.headers["X-Request-ID"] != "two lines\tor worse"
