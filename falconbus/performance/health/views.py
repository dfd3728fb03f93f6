"""The health addresses: never limited, never a stack trace."""

import msgspec
from flask import Blueprint

from falconbus.performance.health import service
from falconbus.performance.health.service import HealthOut, UnhealthyOut
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.operations import operation

bp = Blueprint("health", __name__, url_prefix="/api/v1/health")


class AliveOut(msgspec.Struct):
    status: str


_GIVES = {200: HealthOut, 503: UnhealthyOut}


@operation(bp.get(""), who=PUBLIC, gives=_GIVES, counted=False, by_any_host=True, budget=4)
def show_health() -> HealthOut:
    """Whether all works: database, cache, queue and workers, migrations; 503 when one of them does not.

    `degraded` (200): it sells, but owed jobs are late, the mail server refuses our mails, or a backup
    failed or is old.
    """
    return service.check()


@operation(bp.get("/live"), who=PUBLIC, gives={200: AliveOut}, counted=False, by_any_host=True, budget=0)
def show_liveness() -> AliveOut:
    """Whether this process answers; asks nothing of anybody else."""
    return AliveOut(service.HEALTHY)


@operation(bp.get("/ready"), who=PUBLIC, gives=_GIVES, counted=False, by_any_host=True, budget=4)
def show_readiness() -> HealthOut:
    """Whether this process should be sent requests: as health, but it sells without workers (`degraded`, 200)."""
    return service.check(needs_worker=False)
