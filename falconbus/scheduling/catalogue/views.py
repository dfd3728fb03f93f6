"""Addresses of the services that charters can include."""

from flask import Blueprint

from falconbus.platform.database.pagination import Page, numbered
from falconbus.platform.kit.money import BadPrice
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.idempotency import idempotent
from falconbus.platform.web.identity import caller, public, requires
from falconbus.platform.web.operations import accepts, accepts_query, returns
from falconbus.scheduling.catalogue import service
from falconbus.scheduling.catalogue.errors import ServiceExists, ServiceNotFound
from falconbus.scheduling.catalogue.schemas import NewService, ServiceChange, ServiceOut, ServicesQuery
from falconbus.scheduling.permissions import DISPATCH

bp = Blueprint("charter_services", __name__, url_prefix="/api/v1/scheduling")


@bp.get("/services")
@public
@query_budget(2)
@accepts_query(ServicesQuery)
@returns(Page[ServiceOut])
def list_services(query: ServicesQuery) -> Page[ServiceOut]:
    """Services on offer, by name."""
    rows, *neighbours = numbered(service.services(caller(), everything=query.all), query)
    return Page(pick_fields([ServiceOut.of(row) for row in rows], ServiceOut, query.fields), *neighbours)


@bp.get("/services/<id:service_id>")
@public
@query_budget(2)
@returns(ServiceOut, 200, ServiceNotFound)
def get_service(service_id: int) -> ServiceOut:
    """A service."""
    return ServiceOut.of(service.get_service(service_id, caller()))


@bp.post("/services")
@requires(DISPATCH)
@query_budget(5)
@accepts(NewService)
@idempotent
@returns(ServiceOut, 201, ServiceExists, BadPrice)
def create_service(body: NewService) -> ServiceOut:
    """Offer a service."""
    return ServiceOut.of(service.create(body.model_dump()))


@bp.patch("/services/<id:service_id>")
@requires(DISPATCH)
@query_budget(5)
@accepts(ServiceChange)
@returns(ServiceOut, 200, ServiceNotFound, ServiceExists, BadPrice)
def change_service(service_id: int, body: ServiceChange) -> ServiceOut:
    """Change a service from now on; what charters were promised stays."""
    return ServiceOut.of(service.change(service_id, body.changes()))
