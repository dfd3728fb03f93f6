"""Signing in and out over the API, and who one is."""

from flask import Blueprint

from falconbus.accounts import queries, service
from falconbus.accounts.errors import WrongCredentials
from falconbus.accounts.permissions import OWN_BOOKINGS
from falconbus.accounts.schemas import AccountOut, Credentials, TokenOut
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.identity import caller, public, requires
from falconbus.platform.web.limits import limited
from falconbus.platform.web.operations import accepts, returns

bp = Blueprint("accounts", __name__, url_prefix="/api/v1")


@bp.post("/auth/token")
@public
@limited("ratelimit_sign_in")
@query_budget(3)
@accepts(Credentials)
@returns(TokenOut, 200, WrongCredentials)
def sign_in(body: Credentials) -> TokenOut:
    """Give a bearer token for an e-mail and its password."""
    issued = service.sign_in(body.email, body.password)
    return TokenOut(issued.token, issued.expires_at)


@bp.delete("/auth/token")
@requires(OWN_BOOKINGS)
@query_budget(1)
@returns(None, 204)
def sign_out() -> None:
    """Revoke the token that this request bears."""
    service.sign_out(caller().token_id)


@bp.get("/me")
@requires(OWN_BOOKINGS)
@query_budget(1)
@returns(AccountOut)
def me() -> AccountOut:
    """Who is calling, and what they may do."""
    return AccountOut.of(queries.get_user(caller().user_id), caller())
