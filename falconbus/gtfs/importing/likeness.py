"""When two places are one: by their names, and by how far they are apart."""

import re

from falconbus.gtfs.importing.calls import GREAT_CIRCLE

#: Metres within which places of one name, or of one id, are one place.
ONE_PLACE = 1000
#: Metres from which on a stop has moved for those who look for it.
MOVED = 250


def folded(name: str) -> str:
    """Return the SQL of a name without case, accents, blanks and punctuation."""
    marks = r"[\s!-/:-@\[-`{-~\u0300-\u036f]+"
    return f"lower(regexp_replace(normalize({name}, NFKD), '{marks}', '', 'g'))"


def metres(one: str, other: str) -> str:
    """Return the SQL of the metres between two rows with latitude and longitude; 0 where one has none."""
    names = {"a_lat": f"{one}.latitude", "a_lon": f"{one}.longitude"}
    names |= {"b_lat": f"{other}.latitude", "b_lon": f"{other}.longitude"}
    formula = re.sub(r"\b[ab]_l(?:at|on)\b", lambda name: names[name.group()], GREAT_CIRCLE)
    return f"CASE WHEN {other}.latitude IS NULL THEN 0 ELSE {formula} END"


def cell(row: str) -> str:
    """Return the SQL of the cell of a hundredth of a degree that a row is in: a key by which what is near is joined."""
    return f"ARRAY[floor({row}.latitude * 100), floor({row}.longitude * 100)]"


def cells_around(row: str) -> str:
    """Return the SQL of `around`, a row's cell and those beside it: all that is within MOVED, but near the poles."""
    return (
        f"(SELECT ARRAY[floor({row}.latitude * 100) + north, floor({row}.longitude * 100) + east] AS cell"  # noqa: S608
        " FROM generate_series(-1, 1) AS north, generate_series(-1, 1) AS east) AS around"
    )
