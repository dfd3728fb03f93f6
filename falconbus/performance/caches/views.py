"""The API address that clears caches."""

from typing import Annotated, ClassVar

import msgspec
from flask import Blueprint
from pydantic import StringConstraints

from falconbus.performance.caches import service
from falconbus.performance.caches.service import UnknownGroup
from falconbus.platform.kit.schema import Body, OneLine
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import TEND_PERFORMANCE

bp = Blueprint("caches", __name__, url_prefix="/api/v1/performance")


class ClearRequest(Body):
    """One group by its name; without one, or without a body, all."""

    may_be_left_out: ClassVar[bool] = True

    group: Annotated[OneLine, StringConstraints(max_length=64)] | None = None


class ClearedOut(msgspec.Struct):
    cleared: list[str]


@operation(
    bp.post("/clear-cache"),
    who=TEND_PERFORMANCE,
    takes=ClearRequest,
    gives={200: ClearedOut},
    refuses=(UnknownGroup,),
    budget=1,
)
def clear_cache(body: ClearRequest) -> ClearedOut:
    """Have no kept answer of a group, or of all, given out any more; the popular ones are made anew."""
    return ClearedOut([str(group) for group in service.clear(body.group)])
