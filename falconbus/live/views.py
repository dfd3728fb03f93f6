"""Endpoints for stream tokens, and the live numbers for pages that poll."""

import hashlib

import msgspec
from flask import Blueprint, Response, request

from falconbus.accounts.permissions import OWN_BOOKINGS
from falconbus.live import service, stream_tokens
from falconbus.live.errors import LiveUnavailable
from falconbus.live.performance import LiveNumbers
from falconbus.live.schemas import StreamTicketOut, StreamTicketQuery
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Forbidden, caller
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE

bp = Blueprint("live", __name__, url_prefix="/api/v1")


@operation(
    bp.get("/live/ticket"),
    who=OWN_BOOKINGS,
    asks=StreamTicketQuery,
    gives={200: StreamTicketOut},
    refuses=(Forbidden,),
    counted=False,
    budget=1,
)
def give_ticket(query: StreamTicketQuery) -> StreamTicketOut:
    """Give a ticket to listen to a topic at the live process's `/events?ticket=`."""
    ticket = service.issue_token(query.topic, caller())
    return StreamTicketOut(ticket, stream_tokens.VALID_SECONDS, get_settings().live_url)


@operation(
    bp.get("/performance/live"),
    who=SEE_PERFORMANCE,
    gives={200: LiveNumbers},
    refuses=(LiveUnavailable,),
    counted=False,
    budget=0,
)
def show_live_numbers() -> Response:
    """The numbers of the last minute, for who cannot listen to the event stream; with an ETag, so poll with it."""
    numbers = service.get_numbers()
    answer = Response(msgspec.json.encode(numbers), content_type="application/json")
    # The time of reading alone is no change.
    answer.set_etag(hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(numbers, at=0.0))).hexdigest()[:32])
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request)
    return answer
