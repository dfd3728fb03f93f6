"""What the pages say about a booking besides the booking."""

from collections.abc import Collection

from sqlalchemy import select

from falconbus.network.models import FareClass
from falconbus.platform.database.engine import db


def fare_class_names(codes: Collection[str]) -> dict[str, str]:
    """The fare classes' names by code."""
    rows = db.session.execute(select(FareClass.code, FareClass.name).where(FareClass.code.in_(codes)))
    return {row.code: row.name for row in rows}
