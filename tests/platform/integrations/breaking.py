"""A program that breaks as a web process may: started by a test with the settings in its environment."""

import logging
import sys

from flask import Flask

from falconbus.app import create_app
from falconbus.platform.integrations.watching import sentry
from falconbus.platform.web.declarations import PAGE, PUBLIC
from falconbus.platform.web.operations import operation

#: redis-py loads OpenTelemetry's metrics by itself wherever they are installed; what is ours are its traces.
HEAVY = ("sentry_sdk", "opentelemetry.sdk.trace.", "opentelemetry.exporter", "google.protobuf", "numpy")


def main() -> None:
    app = create_app()
    settings = app.config["SETTINGS"]
    sentry.start(settings.sentry_dsn, settings.release)
    break_in_a_request(app)
    logging.getLogger("workers").error("the mail to %s was refused", "thandi@example.com")
    print(*sorted(name for name in sys.modules if name.startswith(HEAVY)))


def break_in_a_request(app: Flask) -> None:
    @operation(app.get("/api/v1/breaks/<reference>"), who=PUBLIC, gives={200: PAGE}, budget=0)
    def show(reference: str) -> str:
        password = "correct horse battery staple"
        raise ValueError(f"no seat for thandi@example.com in {reference}, {password}")

    answer = app.test_client().get(
        "/api/v1/breaks/FB-SECRET?token=s3cr3t",
        headers={"X-Request-ID": "request-77", "Authorization": "Basic c2VjcmV0", "Cookie": "session=s3cr3t"},
    )
    assert answer.status_code == 500


if __name__ == "__main__":
    main()
