"""The one list of features: what each brings to the app."""

from dataclasses import dataclass
from types import ModuleType

from click import Command
from flask import Blueprint

from falconbus.accounts import commands as accounts_commands
from falconbus.accounts import models as accounts_models
from falconbus.accounts import pages as accounts_pages
from falconbus.accounts import sessions as accounts_sessions
from falconbus.accounts import tokens as accounts_tokens
from falconbus.accounts import views as accounts_views
from falconbus.bookings import models as bookings_models
from falconbus.bookings import service as bookings_service
from falconbus.bookings import views as bookings_views
from falconbus.checkout import views as checkout_views
from falconbus.gtfs import commands as gtfs_commands
from falconbus.gtfs import models as gtfs_models
from falconbus.gtfs import views as gtfs_views
from falconbus.inventory import models as inventory_models
from falconbus.live import views as live_views
from falconbus.messaging import models as messaging_models
from falconbus.network import fleet_views, views
from falconbus.network import models as network_models
from falconbus.payments import models as payments_models
from falconbus.performance import commands as performance_commands
from falconbus.performance.advisor import models as advice_models
from falconbus.performance.caches import views as cache_views
from falconbus.performance.dashboard import views as performance_views
from falconbus.performance.health import views as health_views
from falconbus.performance.pages import views as page_views
from falconbus.performance.release_comparison import models as comparison_models
from falconbus.performance.release_comparison import views as verdict_views
from falconbus.performance.vitals import prometheus_views, queues
from falconbus.platform import jobs
from falconbus.platform.integrations.payments import sandbox
from falconbus.platform.mailing import views as messaging_views
from falconbus.platform.telemetry import models as telemetry_models
from falconbus.platform.web import api_docs, idempotency
from falconbus.platform.web.identity import IdentityLoader, SessionLoader
from falconbus.scheduling.appointments import access as appointment_access
from falconbus.scheduling.appointments import models as appointment_models
from falconbus.scheduling.appointments import views as appointment_views
from falconbus.scheduling.assignments import models as assignment_models
from falconbus.scheduling.catalogue import models as catalogue_models
from falconbus.scheduling.catalogue import views as catalogue_views
from falconbus.scheduling.dispatch import views as dispatch_views
from falconbus.scheduling.inbox import views as inbox_views
from falconbus.scheduling.line_crews import views as crew_views
from falconbus.scheduling.notifications import models as notification_models
from falconbus.scheduling.offer_links import views as answer_views
from falconbus.scheduling.rosters import views as roster_views
from falconbus.scheduling.staff import record_views as staff_record_views
from falconbus.scheduling.staff import views as staff_views
from falconbus.scheduling.staff_records import models as staff_record_models
from falconbus.search import views as search_views
from falconbus.site import views as site_views
from falconbus.timetable import commands as timetable_commands
from falconbus.timetable import models as timetable_models
from falconbus.timetable import views as timetable_views


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature's doors: addresses, tables, commands, and how it knows a caller."""

    name: str
    blueprints: tuple[Blueprint, ...] = ()
    models: tuple[ModuleType, ...] = ()
    commands: tuple[Command, ...] = ()
    #: Modules that register gauges (telemetry.gauges) when they are imported.
    gauges: tuple[ModuleType, ...] = ()
    identity_loaders: tuple[IdentityLoader, ...] = ()
    session_loader: SessionLoader | None = None


FEATURES = (
    Feature(name="platform", blueprints=(api_docs.bp,), models=(idempotency, jobs, telemetry_models)),
    Feature(
        name="accounts",
        blueprints=(accounts_views.bp, accounts_pages.bp),
        models=(accounts_models,),
        commands=(accounts_commands.user,),
        identity_loaders=(accounts_tokens.load_identity,),
        session_loader=accounts_sessions.load_identity,
    ),
    Feature(name="network", blueprints=(views.bp, fleet_views.bp), models=(network_models,)),
    Feature(
        name="timetable",
        blueprints=(timetable_views.bp,),
        models=(timetable_models,),
        commands=(timetable_commands.timetable,),
    ),
    Feature(
        name="scheduling",
        blueprints=(
            crew_views.bp,
            roster_views.bp,
            answer_views.bp,
            appointment_views.bp,
            catalogue_views.bp,
            dispatch_views.bp,
            inbox_views.bp,
            staff_views.bp,
            staff_record_views.bp,
        ),
        models=(staff_record_models, assignment_models, catalogue_models, appointment_models, notification_models),
        identity_loaders=(appointment_access.load_identity,),
    ),
    Feature(name="inventory", models=(inventory_models,)),
    Feature(name="search", blueprints=(search_views.bp,)),
    Feature(
        name="gtfs",
        blueprints=(gtfs_views.bp,),
        models=(gtfs_models,),
        commands=(gtfs_commands.gtfs, gtfs_commands.demo),
    ),
    Feature(
        name="bookings",
        blueprints=(bookings_views.bp,),
        models=(bookings_models,),
        identity_loaders=(bookings_service.load_identity,),
    ),
    Feature(name="messaging", blueprints=(messaging_views.bp,), models=(messaging_models,)),
    Feature(name="payments", models=(payments_models, sandbox)),
    Feature(name="checkout", blueprints=(checkout_views.bp,)),
    Feature(name="live", blueprints=(live_views.bp,)),
    Feature(
        name="performance",
        blueprints=(
            health_views.bp,
            performance_views.bp,
            prometheus_views.bp,
            cache_views.bp,
            verdict_views.bp,
            page_views.bp,
        ),
        models=(advice_models, comparison_models),
        commands=(performance_commands.perf,),
        gauges=(queues,),
        identity_loaders=(prometheus_views.load_identity,),
    ),
    Feature(name="site", blueprints=(site_views.bp,)),
)
