"""Signing in and out over the API, and who one is."""

from flask import Blueprint

from falconbus.accounts import queries, service
from falconbus.accounts.errors import WrongCredentials
from falconbus.accounts.permissions import OWN_BOOKINGS
from falconbus.accounts.schemas import AccountOut, Credentials, TokenOut
from falconbus.accounts.sign_in_limit import count_try
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation

bp = Blueprint("accounts", __name__, url_prefix="/api/v1")


@operation(
    bp.post("/auth/token"),
    who=PUBLIC,
    takes=Credentials,
    gives={200: TokenOut},
    refuses=(WrongCredentials,),
    limit="ratelimit_sign_in",
    budget=3,
)
def sign_in(body: Credentials) -> TokenOut:
    """Give a bearer token for an e-mail and its password."""
    count_try(body.email)
    issued = service.sign_in(body.email, body.password)
    return TokenOut(issued.token, issued.expires_at)


@operation(bp.delete("/auth/token"), who=OWN_BOOKINGS, gives={204: None}, budget=1)
def sign_out() -> None:
    """Revoke the token that this request bears."""
    service.sign_out(caller().token_id)


@operation(bp.get("/me"), who=OWN_BOOKINGS, gives={200: AccountOut}, budget=1)
def me() -> AccountOut:
    """Who is calling, and what they may do."""
    return AccountOut.of(queries.get_user(caller().user_id), caller())
