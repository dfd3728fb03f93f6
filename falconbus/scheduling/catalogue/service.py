"""Use cases of services. Changes apply to new charters: existing ones have their own copies."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from falconbus.accounts import audit
from falconbus.network.service import add
from falconbus.network.service import change as change_row
from falconbus.platform.database.engine import AnySelect, db
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.kit.money import read_price
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.catalogue.errors import ServiceExists, ServiceNotFound
from falconbus.scheduling.catalogue.models import Service
from falconbus.scheduling.permissions import DISPATCH


def services(identity: Identity, *, everything: bool) -> AnySelect:
    """Return the select of active services, by name; with `everything`, for dispatchers, of all. Invalid."""
    if everything and not identity.may(DISPATCH):
        raise Invalid("is for operators", pointer="all")
    statement: AnySelect = select(*Service.__table__.columns).order_by(Service.name)
    return statement if everything else statement.where(Service.active)


def get_service(service_id: int, identity: Identity) -> Service:
    """Return an active service, or for operators any; ServiceNotFound."""
    service = db.session.get(Service, service_id)
    if service is None or not (service.active or identity.may(DISPATCH)):
        raise ServiceNotFound
    return service


def create(values: Mapping[str, Any]) -> Service:
    """Create a service, in the configured currency; ServiceExists, BadPrice."""
    currency = get_settings().currency
    service = Service(**_columns(values, currency), currency=currency)
    add(service, ServiceExists(pointer="/name"))
    audit.record("create", "services", service.id, **values)
    return service


def change(service_id: int, changes: Mapping[str, Any]) -> Service:
    """Change a service for new charters; ServiceNotFound, ServiceExists, BadPrice."""
    service = db.session.scalar(select(Service).where(Service.id == service_id).with_for_update())
    if service is None:
        raise ServiceNotFound
    change_row(service, _columns(changes, service.currency), ServiceExists(pointer="/name"))
    return service


def _columns(values: Mapping[str, Any], currency: str) -> dict[str, Any]:
    columns = dict(values)
    if "duration" in columns:
        columns["duration_minutes"] = columns.pop("duration")
    if "price" in columns:
        columns["price"] = read_price(columns["price"], currency, "/price")
    return columns
