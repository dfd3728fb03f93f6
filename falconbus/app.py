"""The application factory."""

import gc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Flask, request
from flask.typing import ResponseReturnValue
from flask_compress import Compress
from redis import Redis
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from config import Settings
from falconbus.accounts import permissions
from falconbus.bookings import payment_reads
from falconbus.network import bus_uses
from falconbus.platform import jobs
from falconbus.platform.caching import groups, table_tags
from falconbus.platform.caching.response_cache import ResponseCache
from falconbus.platform.database import session, transactions
from falconbus.platform.database.engine import db
from falconbus.platform.design import brand
from falconbus.platform.integrations.payments import registry as payment_providers
from falconbus.platform.integrations.watching import sentry
from falconbus.platform.integrations.watching.tracing import span_exporter
from falconbus.platform.jobs import celery
from falconbus.platform.kit import logging
from falconbus.platform.mailing import kinds
from falconbus.platform.telemetry import message_stamp, trace
from falconbus.platform.web import api_keys, conditional, cors, hosts, identity, limits, pages, problems, refusals
from falconbus.platform.web.bodies import BodyRequest
from falconbus.platform.web.declarations import PUBLIC, Operation, declare, operation_of
from falconbus.platform.web.fast_path import FastPath
from falconbus.platform.web.request_log import RequestLog
from falconbus.registry import FEATURES
from falconbus.timetable import occupancy

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

API = "/api/v1"
#: Files of the design: open to anybody.
STATIC = Operation(who=PUBLIC, budget=0)
_LARGEST_BODY = 64 * 1024
_COMPRESSED = [
    "application/json",
    "application/problem+json",
    "image/svg+xml",
    "text/calendar",
    "text/css",
    "text/html",
    "text/javascript",
    "text/plain",
]


class FalconBus(Flask):
    """Flask with one transaction a request: the view's work is committed, or an exception rolls it back."""

    request_class = BodyRequest
    request_log: RequestLog
    fast_path: FastPath

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is: none is asynchronous, and Flask would check a dozen times a request."""
        return func

    def dispatch_request(self) -> ResponseReturnValue:
        view = super().dispatch_request
        if request.routing_exception is not None or request.endpoint in {None, "static"}:
            return view()
        request_trace = trace.current.get()
        if request_trace is None:
            return transactions.run(view)
        request_trace.budget = _budget_of(self.view_functions[request.endpoint or ""])

        def work() -> ResponseReturnValue:
            request_trace.begin_view()
            return view()

        return transactions.run(work)

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request: from the fast path if possible; `/api/...` without a version means the current one."""
        request_trace = self.request_log.begin(environ.get("HTTP_X_REQUEST_ID"), environ.get("HTTP_TRACEPARENT"))
        path = environ["PATH_INFO"]
        if path.startswith("/api/") and not path.startswith(f"{API}/"):
            environ["PATH_INFO"] = API + path[len("/api") :]
        kept = self.fast_path.find(environ, request_trace)
        if kept is not None:
            return kept.send(
                start_response, self.request_log.end(request_trace, "GET", environ["PATH_INFO"], kept.rule, kept.status)
            )
        return super().wsgi_app(environ, start_response)


def _budget_of(view: Callable[..., Any]) -> int | None:
    declared = operation_of(view)
    return None if declared is None else declared.budget


class IdConverter(BaseConverter):
    """The key of a row in an address; more digits than a key has do not match."""

    regex = r"[0-9]{1,9}"

    def to_python(self, value: str) -> int:
        return int(value)


def create_app(settings: Settings | None = None) -> FalconBus:
    """Make the app; without `settings` they are read from the environment (config.SettingError when bad)."""
    settings = settings or Settings.from_environment()
    logging.configure(settings.log_level)
    sentry.start(settings.sentry_dsn, settings.release)
    app = FalconBus("falconbus", static_folder="platform/design/static", template_folder="platform/design/templates")
    app.config.update(_flask_config(settings))
    app.url_map.strict_slashes = False
    app.url_map.converters["id"] = IdConverter
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    _bind_extensions(app, settings)
    app.fast_path = FastPath(app, app.extensions["response_cache"])
    app.request_log = RequestLog(app, settings, app.fast_path)
    export = span_exporter(settings.otel_exporter_otlp_endpoint, settings.release, settings.otel_traces_sampler_arg)
    if export is not None:
        app.request_log.recorder.flusher.export_to(export)
    # After the request log, which thus sees each answer last of all, and before whatever makes one.
    Compress().init_app(app)
    cors.init_app(app, settings)
    conditional.init_app(app)
    problems.init_app(app)
    _hand_down()
    loaders = [loader for feature in FEATURES for loader in feature.identity_loaders]
    declare(app.view_functions["static"], STATIC)
    hosts.init_app(app, settings)
    # Limits come before who it is: a wrong token counts too.
    limits.init_app(app, settings)
    api_keys.init_app(app, next((each.api_key_loader for each in FEATURES if each.api_key_loader), None))
    identity.init_app(app, loaders, next((each.session_loader for each in FEATURES if each.session_loader), None))
    pages.init_app(app, [item for feature in FEATURES for item in feature.navigation])
    refusals.init_app(app)
    for feature in FEATURES:
        for blueprint in feature.blueprints:
            app.register_blueprint(blueprint)
        for command in feature.commands:
            app.cli.add_command(command)
    return app


def preload() -> None:
    """Load what features use that is slow to load, and large: processes forked from this one share its memory.

    What is loaded is left out of garbage collection, which would write in it and so copy it into each of them.
    """
    for feature in FEATURES:
        if feature.preload is not None:
            feature.preload()
    gc.collect()
    gc.freeze()


def _hand_down() -> None:
    """Tell lower rooms what the features bring: grants, jobs, mails, cache groups and tags, what is taken, brand."""
    # From the top down: the groups that travellers ask for are shown and warmed first.
    for feature in reversed(FEATURES):
        permissions.grant(feature.grants)
        jobs.register(feature.jobs)
        kinds.register(feature.mail_kinds)
        groups.register(feature.cache_groups)
        table_tags.register(feature.table_tags)
        bus_uses.register(feature.bus_uses)
        if feature.bus_times is not None:
            occupancy.register_bus_times(feature.bus_times)
        if feature.seat_reads is not None:
            occupancy.register_seats(feature.seat_reads)
        if feature.brand_loader is not None:
            brand.register_loader(feature.brand_loader)
        if feature.payment_reads is not None:
            payment_reads.register(feature.payment_reads)


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": settings.database_pool_size,
            "max_overflow": 0,
            "pool_timeout": 3,
            "pool_recycle": 300,
            "pool_use_lifo": True,
            "json_deserializer": msgspec.json.decode,
            # What travellers send is nobody's business in a log.
            "hide_parameters": True,
            "connect_args": {
                "connect_timeout": 3,
                "tcp_user_timeout": 5000,
                "options": "-c statement_timeout=5000 -c lock_timeout=2000"
                " -c idle_in_transaction_session_timeout=10000 -c timezone=UTC"
                # Planning a search anew takes several times as long as running it: prepared statements keep one plan.
                " -c plan_cache_mode=force_generic_plan",
            },
        },
        "MAX_CONTENT_LENGTH": _LARGEST_BODY,
        "COMPRESS_MIMETYPES": _COMPRESSED,
        "MIGRATIONS": str(Path(__file__).parents[1] / "migrations"),
    }


def _bind_extensions(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    with app.app_context():
        session.watch_connections(db.engine)
    app.extensions["cache_redis"] = Redis.from_url(
        settings.cache_redis_url, socket_timeout=0.25, socket_connect_timeout=0.25
    )
    app.extensions["response_cache"] = ResponseCache(app, app.extensions["cache_redis"], settings.cache_redis_url)
    payment_providers.init_app(app, settings)
    message_stamp.stamp_messages()
    celery.conf.update(jobs.broker_settings(settings.redis_url))
