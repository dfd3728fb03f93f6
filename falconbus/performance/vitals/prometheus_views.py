"""The metrics for Prometheus, and the token that reads them."""

import hmac

from flask import Blueprint, request

from falconbus.platform.kit.settings import get_settings
from falconbus.platform.telemetry import exposition
from falconbus.platform.telemetry.totals import MetricsIncomplete
from falconbus.platform.web.declarations import Media
from falconbus.platform.web.identity import Identity
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE

bp = Blueprint("metrics", __name__)

# No account has this id: the token's bearer has no account, and one permission at one address.
_NO_ACCOUNT = 0


# One statement of its own; the others are for the gauges that features register.
@operation(
    bp.get("/metrics"),
    who=SEE_PERFORMANCE,
    gives={200: Media(exposition.CONTENT_TYPE)},
    refuses=(MetricsIncomplete,),
    counted=False,
    by_any_host=True,
    budget=6,
)
def show_metrics() -> bytes:
    """What all processes have counted, for Prometheus."""
    return exposition.expose()


def load_identity(token: str) -> Identity | None:
    """Return the identity of METRICS_TOKEN, which may only read the metrics; None for every other token."""
    expected = get_settings().metrics_token
    if expected is None or request.endpoint != f"{bp.name}.{show_metrics.__name__}":
        return None
    if not hmac.compare_digest(token.encode(), expected.encode()):
        return None
    return Identity(user_id=_NO_ACCOUNT, permissions=frozenset({SEE_PERFORMANCE}))
