"""The first agency of a feed, which gives a line without a name its brand."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from falconbus.gtfs.importing.database import execute
from falconbus.network.brand import service as brand
from falconbus.platform.kit.fields import Email, Phone, Website
from falconbus.platform.kit.schema import Name

_AGENCY = """
    SELECT agency_name AS name, agency_url AS website, agency_phone AS support_phone, agency_email AS support_email
    FROM feed_agency ORDER BY line LIMIT 1
"""
_SIDES = {"name": Name, "website": Website, "support_phone": Phone, "support_email": Email}


def fill_brand() -> None:
    """Fill what is empty of the brand from the first agency; what an admin could not have written is left out."""
    row = execute(_AGENCY).mappings().one()
    brand.fill({side: value for side, shape in _SIDES.items() if (value := _read(shape, row[side])) is not None})


def _read(shape: Any, value: str | None) -> str | None:
    try:
        read: str = TypeAdapter(shape).validate_python(value)
    except ValidationError:
        return None
    return read
