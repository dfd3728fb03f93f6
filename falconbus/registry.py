"""The one list of features: what each brings to the app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType

from click import Command
from flask import Blueprint

from falconbus.accounts import commands as accounts_commands
from falconbus.accounts import models as accounts_models
from falconbus.accounts import pages as accounts_pages
from falconbus.accounts import permissions as accounts_permissions
from falconbus.accounts import sessions as accounts_sessions
from falconbus.accounts import tokens as accounts_tokens
from falconbus.accounts import views as accounts_views
from falconbus.accounts.permissions import Grants
from falconbus.bookings import models as bookings_models
from falconbus.bookings import permissions as bookings_permissions
from falconbus.bookings import service as bookings_service
from falconbus.bookings import views as bookings_views
from falconbus.bookings.at_stake import bookings_since
from falconbus.bookings.payment_reads import PaymentReads
from falconbus.checkout import correction_views
from falconbus.checkout import jobs as checkout_jobs
from falconbus.checkout import permissions as checkout_permissions
from falconbus.checkout import views as checkout_views
from falconbus.disruptions import permissions as disruptions_permissions
from falconbus.disruptions import views as disruptions_views
from falconbus.gtfs import commands as gtfs_commands
from falconbus.gtfs import jobs as gtfs_jobs
from falconbus.gtfs import models as gtfs_models
from falconbus.gtfs import permissions as gtfs_permissions
from falconbus.gtfs import views as gtfs_views
from falconbus.inventory import models as inventory_models
from falconbus.inventory.occupancy import SEAT_READS
from falconbus.live import views as live_views
from falconbus.messaging import preloading as messaging_preloading
from falconbus.messaging.mail_kinds import MAIL_KINDS
from falconbus.network import cache_groups as network_cache_groups
from falconbus.network import cache_tags as network_cache_tags
from falconbus.network import fleet_views, views
from falconbus.network import models as network_models
from falconbus.network import permissions as network_permissions
from falconbus.network.brand import models as brand_models
from falconbus.network.brand import service as brand_service
from falconbus.network.brand import views as brand_views
from falconbus.payments import gauges as payments_gauges
from falconbus.payments import jobs as payments_jobs
from falconbus.payments import models as payments_models
from falconbus.payments import permissions as payments_permissions
from falconbus.payments.booking_reads import PAYMENT_READS
from falconbus.performance import commands as performance_commands
from falconbus.performance import jobs as performance_jobs
from falconbus.performance.advisor import models as advice_models
from falconbus.performance.backups import mail_kinds as backup_mails
from falconbus.performance.caches import views as cache_views
from falconbus.performance.dashboard import views as performance_views
from falconbus.performance.health import views as health_views
from falconbus.performance.owed_jobs import commands as owed_jobs_commands
from falconbus.performance.owed_jobs import views as owed_jobs_views
from falconbus.performance.pages import views as page_views
from falconbus.performance.release_comparison import models as comparison_models
from falconbus.performance.release_comparison import views as comparison_views
from falconbus.performance.vitals import prometheus_views, queues
from falconbus.platform import jobs, periodic_slots
from falconbus.platform.backups.stakes import AtStake
from falconbus.platform.caching import maintenance
from falconbus.platform.caching.groups import Group
from falconbus.platform.design.brand import Brand
from falconbus.platform.integrations.payments import registry as payment_providers
from falconbus.platform.jobs import Job
from falconbus.platform.mailing import models as mailing_models
from falconbus.platform.mailing import views as mailing_views
from falconbus.platform.mailing.jobs import SEND_MAIL
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.telemetry import models as telemetry_models
from falconbus.platform.web import api_docs, idempotency
from falconbus.platform.web.api_keys import ApiKeyLoader
from falconbus.platform.web.identity import IdentityLoader, SessionLoader
from falconbus.platform.web.navigation import NavigationItem
from falconbus.platform.web.permissions import SEE_PERFORMANCE
from falconbus.scheduling import jobs as scheduling_jobs
from falconbus.scheduling import permissions as scheduling_permissions
from falconbus.scheduling.appointments import access as appointment_access
from falconbus.scheduling.appointments import models as appointment_models
from falconbus.scheduling.appointments import views as appointment_views
from falconbus.scheduling.appointments.occupancy import BUS_TIMES
from falconbus.scheduling.appointments.occupancy import BUS_USES as CHARTERS_OF_BUSES
from falconbus.scheduling.assignments import models as assignment_models
from falconbus.scheduling.catalogue import models as catalogue_models
from falconbus.scheduling.catalogue import views as catalogue_views
from falconbus.scheduling.dispatch import views as dispatch_views
from falconbus.scheduling.inbox import mail_switch_views
from falconbus.scheduling.inbox import views as inbox_views
from falconbus.scheduling.lapses import models as lapse_models
from falconbus.scheduling.lapses import views as lapse_views
from falconbus.scheduling.line_crews import views as line_crew_views
from falconbus.scheduling.notifications import models as notification_models
from falconbus.scheduling.offer_links import views as offer_link_views
from falconbus.scheduling.rosters import views as roster_views
from falconbus.scheduling.staff import record_views as staff_record_views
from falconbus.scheduling.staff import views as staff_views
from falconbus.scheduling.staff_records import models as staff_record_models
from falconbus.search import cache_groups as search_cache_groups
from falconbus.search import views as search_views
from falconbus.site import views as site_views
from falconbus.timetable import cache_tags as timetable_cache_tags
from falconbus.timetable import commands as timetable_commands
from falconbus.timetable import models as timetable_models
from falconbus.timetable import views as timetable_views
from falconbus.timetable.bus_uses import BUS_USES as DEPARTURES_OF_BUSES
from falconbus.timetable.occupancy import SeatReads


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What a feature brings: addresses, tables, commands, and what the platform is told of it at the start."""

    name: str
    blueprints: tuple[Blueprint, ...] = ()
    models: tuple[ModuleType, ...] = ()
    commands: tuple[Command, ...] = ()
    #: Modules that register gauges (telemetry.gauges) when they are imported.
    gauges: tuple[ModuleType, ...] = ()
    #: Says what was entered since a moment, to somebody who is about to restore it.
    at_stake: AtStake | None = None
    #: What takes buses, and how taken seats are read (timetable.occupancy).
    bus_times: str | None = None
    seat_reads: SeatReads | None = None
    #: How bookings learn of their payments (bookings.payment_reads).
    payment_reads: PaymentReads | None = None
    #: What buses are due on, by name (network.bus_uses).
    bus_uses: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    identity_loaders: tuple[IdentityLoader, ...] = ()
    session_loader: SessionLoader | None = None
    api_key_loader: ApiKeyLoader | None = None
    #: Who may do what with it.
    grants: Grants = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    mail_kinds: tuple[MailKind, ...] = ()
    #: Loads what is slow to load and large; web and workers call it before they fork.
    preload: Callable[[], None] | None = None
    cache_groups: tuple[Group, ...] = ()
    #: How pages, mails and tickets learn whose they are.
    brand_loader: Callable[[], Brand] | None = None
    #: Which tag kept answers depend on that tell of a table's rows.
    table_tags: Mapping[str, str] = field(default_factory=dict)
    #: What the head of every page leads to, for those who may go there.
    navigation: tuple[NavigationItem, ...] = ()


FEATURES = (
    Feature(
        name="platform",
        jobs=(maintenance.WARM_CACHES, SEND_MAIL),
        blueprints=(api_docs.bp, mailing_views.bp),
        models=(idempotency, jobs, periodic_slots, mailing_models, telemetry_models),
    ),
    Feature(
        name="accounts",
        grants=accounts_permissions.GRANTS,
        blueprints=(accounts_views.bp, accounts_pages.bp),
        models=(accounts_models,),
        commands=(accounts_commands.user, accounts_commands.key),
        identity_loaders=(accounts_tokens.load_identity,),
        session_loader=accounts_sessions.load_identity,
        api_key_loader=accounts_tokens.load_api_key,
    ),
    Feature(
        name="network",
        grants=network_permissions.GRANTS,
        cache_groups=network_cache_groups.GROUPS,
        table_tags=network_cache_tags.OF_TABLE,
        blueprints=(views.bp, fleet_views.bp, brand_views.bp),
        models=(network_models, brand_models),
        brand_loader=brand_service.get_brand,
    ),
    Feature(
        name="timetable",
        table_tags=timetable_cache_tags.OF_TABLE,
        blueprints=(timetable_views.bp,),
        models=(timetable_models,),
        commands=(timetable_commands.timetable,),
        bus_uses=DEPARTURES_OF_BUSES,
    ),
    Feature(
        name="scheduling",
        grants=scheduling_permissions.GRANTS,
        jobs=scheduling_jobs.JOBS,
        blueprints=(
            line_crew_views.bp,
            roster_views.bp,
            offer_link_views.bp,
            appointment_views.bp,
            catalogue_views.bp,
            dispatch_views.bp,
            inbox_views.bp,
            mail_switch_views.bp,
            lapse_views.bp,
            staff_views.bp,
            staff_record_views.bp,
        ),
        models=(
            staff_record_models,
            assignment_models,
            catalogue_models,
            appointment_models,
            notification_models,
            lapse_models,
        ),
        bus_times=BUS_TIMES,
        bus_uses=CHARTERS_OF_BUSES,
        identity_loaders=(appointment_access.load_identity,),
    ),
    Feature(name="inventory", models=(inventory_models,), seat_reads=SEAT_READS),
    Feature(name="search", cache_groups=search_cache_groups.GROUPS, blueprints=(search_views.bp,)),
    Feature(
        name="gtfs",
        grants=gtfs_permissions.GRANTS,
        jobs=gtfs_jobs.JOBS,
        blueprints=(gtfs_views.bp,),
        models=(gtfs_models,),
        commands=(gtfs_commands.gtfs, gtfs_commands.demo),
    ),
    Feature(
        name="bookings",
        grants=bookings_permissions.GRANTS,
        blueprints=(bookings_views.bp,),
        models=(bookings_models,),
        at_stake=bookings_since,
        identity_loaders=(bookings_service.load_identity,),
    ),
    Feature(name="messaging", mail_kinds=MAIL_KINDS, preload=messaging_preloading.preload),
    Feature(
        name="payments",
        grants=payments_permissions.GRANTS,
        jobs=payments_jobs.JOBS,
        models=(payments_models, payment_providers),
        gauges=(payments_gauges,),
        payment_reads=PAYMENT_READS,
    ),
    Feature(
        name="checkout",
        grants=checkout_permissions.GRANTS,
        jobs=checkout_jobs.JOBS,
        blueprints=(checkout_views.bp, correction_views.bp),
    ),
    Feature(name="disruptions", grants=disruptions_permissions.GRANTS, blueprints=(disruptions_views.bp,)),
    Feature(name="live", blueprints=(live_views.bp,)),
    Feature(
        name="performance",
        jobs=performance_jobs.JOBS,
        mail_kinds=backup_mails.MAIL_KINDS,
        navigation=(NavigationItem("Performance", "/performance", SEE_PERFORMANCE),),
        blueprints=(
            health_views.bp,
            owed_jobs_views.bp,
            performance_views.bp,
            prometheus_views.bp,
            cache_views.bp,
            comparison_views.bp,
            page_views.bp,
        ),
        models=(advice_models, comparison_models),
        commands=(performance_commands.perf, owed_jobs_commands.jobs),
        gauges=(queues,),
        identity_loaders=(prometheus_views.load_identity,),
    ),
    Feature(name="site", blueprints=(site_views.bp,)),
)
