"""The one list of features: what each brings to the app."""

from dataclasses import dataclass, field
from types import ModuleType

from click import Command
from flask import Blueprint

from falconbus import idempotency, jobs
from falconbus.accounts import models as accounts_models
from falconbus.bookings import models as bookings_models
from falconbus.gtfs import models as gtfs_models
from falconbus.integrations.payments import sandbox
from falconbus.inventory import models as inventory_models
from falconbus.messaging import models as messaging_models
from falconbus.network import models as network_models
from falconbus.payments import models as payments_models
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
    Feature(name="bookings", models=(bookings_models,)),
    Feature(name="payments", models=(payments_models, sandbox)),
    Feature(name="messaging", models=(messaging_models,)),
)
