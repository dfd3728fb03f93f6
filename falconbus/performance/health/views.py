"""The health addresses: never limited, never a stack trace."""

import msgspec
from flask import Blueprint

from falconbus.performance.health import service
from falconbus.performance.health.service import HealthOut
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.identity import public
from falconbus.platform.web.limits import uncounted
from falconbus.platform.web.operations import returns

bp = Blueprint("health", __name__, url_prefix="/api/v1/health")


class AliveOut(msgspec.Struct):
    status: str


@bp.get("")
@public
@uncounted
@query_budget(2)
@returns(HealthOut)
def show_health() -> HealthOut:
    """Whether the system can sell: database, cache, queue, migrations; 503 when one of them cannot."""
    return service.check()


@bp.get("/live")
@public
@uncounted
@query_budget(0)
@returns(AliveOut)
def show_liveness() -> AliveOut:
    """Whether this process answers; asks nothing of anybody else."""
    return AliveOut(service.HEALTHY)


@bp.get("/ready")
@public
@uncounted
@query_budget(2)
@returns(HealthOut)
def show_readiness() -> HealthOut:
    """Whether this process should be sent requests; the same as health."""
    return service.check()
