"""Rules on values: stop sequences, positions and seat layouts."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from falconbus.network.errors import UnknownFareClass, UnknownStop
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.web.problems import FieldFault, InvalidInput


@dataclass(frozen=True, slots=True)
class Call:
    """A stop of a route, by its code, with the kilometres from the first stop."""

    code: str
    kilometres: float

    @property
    def distance_m(self) -> int:
        return round(self.kilometres * 1000)


@dataclass(frozen=True, slots=True)
class NewSeat:
    """A seat of a layout to be created: its number, row, column and the code of its fare class."""

    number: str
    row: int
    column: int
    fare_class: str


def check_stop_sequence(calls: Sequence[Call], known: Container[str]) -> None:
    """Check that each stop exists, differs from the one before, and is further; raise all faults at once."""
    faults = []
    for number, call in enumerate(calls):
        pointer = f"/stops/{number}"
        if call.code not in known:
            faults.append(_fault(f"there is no stop {call.code}", UnknownStop.code, f"{pointer}/code"))
        if number == 0 and call.distance_m != 0:
            faults.append(_fault("kilometres count from the first stop", "bad_distance", f"{pointer}/kilometres"))
        if number > 0 and call.distance_m <= calls[number - 1].distance_m:
            faults.append(_fault("must be further than the stop before", "bad_distance", f"{pointer}/kilometres"))
        if number > 0 and call.code == calls[number - 1].code:
            faults.append(_fault("is the same as the stop before", "same_stop", f"{pointer}/code"))
    _raise_faults(faults)


def check_position(latitude: float | None, longitude: float | None) -> None:
    """Refuse a latitude without a longitude, and the reverse; Invalid."""
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise Invalid("latitude and longitude go together", pointer=f"/{missing}")


def check_seats(seats: Sequence[NewSeat], fare_classes: Mapping[str, int]) -> None:
    """Check that numbers and positions are unique and fare classes exist; raise all faults at once."""
    faults = []
    numbers: set[str] = set()
    positions: set[tuple[int, int]] = set()
    for index, seat in enumerate(seats):
        if seat.number in numbers:
            faults.append(_fault("there is a seat of this number before", "same_number", f"/seats/{index}/number"))
        if (seat.row, seat.column) in positions:
            faults.append(_fault("there is a seat in this place before", "same_place", f"/seats/{index}/column"))
        if seat.fare_class not in fare_classes:
            detail = f"there is no fare class {seat.fare_class}"
            faults.append(_fault(detail, UnknownFareClass.code, f"/seats/{index}/fare_class"))
        numbers.add(seat.number)
        positions.add((seat.row, seat.column))
    _raise_faults(faults)


def _fault(detail: str, code: str, pointer: str) -> FieldFault:
    return FieldFault(detail=detail, code=code, pointer=pointer)


def _raise_faults(faults: list[FieldFault]) -> None:
    if faults:
        raise InvalidInput(faults)
