"""Refusals of a search."""

from falconbus.platform.kit.errors import Invalid, NotFound


class PlaceNotFound(NotFound):
    code = "place_not_found"
    title = "There is no stop or city of that name"


class DateInPast(Invalid):
    code = "date_in_past"
    title = "The day is over at the place of departure"


class SamePlace(Invalid):
    code = "same_place"
    title = "Origin and destination are the same place"
