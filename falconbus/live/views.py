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
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.identity import Forbidden, caller, requires
from falconbus.platform.web.limits import uncounted
from falconbus.platform.web.operations import accepts_query, returns
from falconbus.platform.web.permissions import SEE_PERFORMANCE

bp = Blueprint("live", __name__, url_prefix="/api/v1")


@bp.get("/live/ticket")
@requires(OWN_BOOKINGS)
@uncounted
@query_budget(1)
@accepts_query(StreamTicketQuery)
@returns(StreamTicketOut, 200, Forbidden)
def give_ticket(query: StreamTicketQuery) -> StreamTicketOut:
    """Give a ticket to listen to a topic at the live process's `/events?ticket=`."""
    ticket = service.issue_token(query.topic, caller())
    return StreamTicketOut(ticket, stream_tokens.VALID_SECONDS, get_settings().live_url)


@bp.get("/performance/live")
@requires(SEE_PERFORMANCE)
@uncounted
@query_budget(0)
@returns(LiveNumbers, 200, LiveUnavailable)
def show_live_numbers() -> Response:
    """The numbers of the last minute, for who cannot listen to the event stream; with an ETag, so poll with it."""
    numbers = service.get_numbers()
    answer = Response(msgspec.json.encode(numbers), content_type="application/json")
    # The time of reading alone is no change.
    answer.set_etag(hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(numbers, at=0.0))).hexdigest()[:32])
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request)
    return answer
