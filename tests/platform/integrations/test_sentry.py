"""Errors over the wire, and what does not go with them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.platform.integrations.collector import collector

ROOT = Path(__file__).parents[3]
SECRETS = (
    "thandi@example.com",
    "FB-SECRET",
    "s3cr3t",
    "c2VjcmV0",
    "correct horse battery staple",
    "the tests know",
    "postgresql://",
)


def broken(environment: dict[str, str], **more: str) -> str:
    """What the program prints that breaks in a request and in a log line."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.platform.integrations.breaking"],
        cwd=ROOT,
        env={**os.environ, **environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def events(bodies: list[bytes]) -> list[Any]:
    """The events of envelopes: three lines of JSON each, the last one the event."""
    return [msgspec.json.decode(body.splitlines()[2]) for body in bodies]


def test_nothing_is_loaded_without_a_dsn(environment: dict[str, str]) -> None:
    assert broken(environment, SENTRY_DSN="", OTEL_EXPORTER_OTLP_ENDPOINT="").strip() == ""


def test_an_error_is_sent_with_its_request_release_and_lines_and_without_any_value(environment: dict[str, str]) -> None:
    with collector() as sentry:
        loaded = broken(environment, SENTRY_DSN=f"http://public@127.0.0.1:{sentry.port}/42", RELEASE="2026.11-rc1")
    assert "sentry_sdk" in loaded
    assert set(sentry.paths) == {"/api/42/envelope/"}
    assert "sentry_key=public" in sentry.headers[0]["x-sentry-auth"]
    in_request, in_log = events(sentry.bodies)

    assert in_request["release"] == "2026.11-rc1"
    assert in_request["tags"] == {"request_id": "request-77"}
    assert in_request["transaction"] == "GET /api/v1/breaks/<reference>"
    (fault,) = in_request["exception"]["values"]
    assert fault["type"] == "ValueError"
    assert "value" not in fault
    last = fault["stacktrace"]["frames"][-1]
    assert (last["function"], last["module"]) == ("show", "__main__")
    assert not any("vars" in frame for frame in fault["stacktrace"]["frames"])
    assert in_log["logentry"] == {"message": "the mail to %s was refused"}

    for body in sentry.bodies:
        # The line that breaks is our source, and may be told; what was in it then may not.
        told = msgspec.json.encode(_without_source(body))
        for secret in (*SECRETS, environment["SECRET_KEY"]):
            assert secret.encode() not in told, secret


def test_an_error_comes_once(environment: dict[str, str]) -> None:
    with collector() as sentry:
        broken(environment, SENTRY_DSN=f"http://public@127.0.0.1:{sentry.port}/42")
    assert len(sentry.bodies) == 2


def _without_source(body: bytes) -> Any:
    event = msgspec.json.decode(body.splitlines()[2])
    for fault in event.get("exception", {}).get("values", []):
        for frame in fault["stacktrace"]["frames"]:
            for name in ("pre_context", "context_line", "post_context"):
                frame.pop(name, None)
    return event
