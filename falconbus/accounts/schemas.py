"""Request and response shapes of accounts."""

from datetime import datetime
from typing import Annotated

import msgspec
from pydantic import Field, StringConstraints

from falconbus.accounts.models import User
from falconbus.platform.kit.schema import Body, OneLine, Secret
from falconbus.platform.web.identity import Identity


class Credentials(Body):
    """What somebody signs in with."""

    email: Annotated[OneLine, StringConstraints(max_length=254)]
    password: Annotated[str, Field(min_length=1, max_length=1000)]


class TokenOut(msgspec.Struct):
    """A bearer token; it is not shown again."""

    token: Secret
    expires_at: datetime


class AccountOut(msgspec.Struct):
    """Who a caller is, and what they may do."""

    email: str
    name: str
    roles: list[str]
    permissions: list[str]

    @classmethod
    def of(cls, user: User, identity: Identity) -> "AccountOut":
        return cls(user.email, user.name, user.roles, sorted(map(str, identity.permissions)))
