"""Addresses of the services that charters can include."""

from flask import Blueprint

from falconbus.platform.database.pagination import Page, numbered_page
from falconbus.platform.kit.money import BadPrice
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.scheduling.catalogue import service
from falconbus.scheduling.catalogue.errors import ServiceExists, ServiceNotFound
from falconbus.scheduling.catalogue.schemas import NewService, ServiceChange, ServiceOut, ServicesQuery
from falconbus.scheduling.permissions import DISPATCH

bp = Blueprint("charter_services", __name__, url_prefix="/api/v1/scheduling")


@operation(bp.get("/services"), who=PUBLIC, asks=ServicesQuery, gives={200: Page[ServiceOut]}, budget=2)
def list_services(query: ServicesQuery) -> Page[ServiceOut]:
    """Services on offer, by name."""
    return numbered_page(service.services(caller(), everything=query.all), query, ServiceOut, ServiceOut.of)


@operation(
    bp.get("/services/<id:service_id>"), who=PUBLIC, gives={200: ServiceOut}, refuses=(ServiceNotFound,), budget=2
)
def get_service(service_id: int) -> ServiceOut:
    """A service."""
    return ServiceOut.of(service.get_service(service_id, caller()))


@operation(
    bp.post("/services"),
    who=DISPATCH,
    takes=NewService,
    gives={201: ServiceOut},
    refuses=(ServiceExists, BadPrice),
    idempotent=True,
    budget=5,
)
def create_service(body: NewService) -> ServiceOut:
    """Offer a service."""
    return ServiceOut.of(service.create(body.model_dump()))


@operation(
    bp.patch("/services/<id:service_id>"),
    who=DISPATCH,
    takes=ServiceChange,
    gives={200: ServiceOut},
    refuses=(ServiceNotFound, ServiceExists, BadPrice),
    budget=5,
)
def change_service(service_id: int, body: ServiceChange) -> ServiceOut:
    """Change a service from now on; what charters were promised stays."""
    return ServiceOut.of(service.change(service_id, body.changes()))
