"""The one list of features: what each brings to the app."""

from dataclasses import dataclass, field
from types import ModuleType

from click import Command
from flask import Blueprint

from falconbus import documents, idempotency, jobs
from falconbus.accounts import models as accounts_models
from falconbus.bookings import models as bookings_models
from falconbus.bookings import service as bookings_service
from falconbus.bookings import views as bookings_views
from falconbus.checkout import views as checkout_views
from falconbus.gtfs import models as gtfs_models
from falconbus.integrations.payments import sandbox
from falconbus.inventory import models as inventory_models
from falconbus.messaging import models as messaging_models
from falconbus.network import models as network_models
from falconbus.payments import models as payments_models
from falconbus.performance import views as performance_views
from falconbus.search import views as search_views
from falconbus.security import IdentityLoader
from falconbus.timetable import models as timetable_models


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature's doors: addresses, tables, commands, and how it knows a caller."""

    name: str
    blueprints: tuple[Blueprint, ...] = ()
    models: tuple[ModuleType, ...] = ()
    commands: tuple[Command, ...] = ()
    identity_loaders: tuple[IdentityLoader, ...] = field(default=())


FEATURES = (
    Feature(name="platform", models=(idempotency, jobs)),
    Feature(name="accounts", models=(accounts_models,)),
    Feature(name="network", models=(network_models,)),
    Feature(name="timetable", models=(timetable_models,)),
    Feature(name="inventory", models=(inventory_models,)),
    Feature(name="gtfs", models=(gtfs_models,)),
    Feature(name="search", blueprints=(search_views.bp,)),
    Feature(
        name="bookings",
        models=(bookings_models,),
        blueprints=(bookings_views.bp,),
        identity_loaders=(bookings_service.load_identity,),
    ),
    Feature(name="payments", models=(payments_models, sandbox)),
    Feature(name="messaging", models=(messaging_models,)),
    Feature(name="checkout", blueprints=(checkout_views.bp,)),
    Feature(name="health", blueprints=(performance_views.bp,)),
    Feature(name="documents", blueprints=(documents.bp,)),
)
