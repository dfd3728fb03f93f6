"""What the page of kept mails is asked for."""

from typing import Annotated

from pydantic import Field

from falconbus.platform.kit.schema import Query


class MailPageQuery(Query):
    """Which page of the list."""

    page: Annotated[int, Field(ge=1, le=100_000)] = 1
