"""Trying every cache group: the address's first request must be made, its second one found."""

from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import median

from flask import current_app

from falconbus.caching.groups import Group
from falconbus.kit import clock
from falconbus.performance.trial import queries
from falconbus.performance.trial.addresses import addresses
from falconbus.performance.trial.asking import PLAIN, Heard, Line
from falconbus.performance.trial.errors import CannotTry, Limited, NoDepartures, Unreachable
from falconbus.performance.trial.own_web import own_web
from falconbus.performance.trial.queries import Ride
from falconbus.performance.trial.values import GroupTrial, Size, Trial, Try

ENCODINGS = ("gzip", "br", "zstd")
#: Requests of each group that only warm a web that has just been started: connections, prepared statements.
_WARMING = 6
#: How many addresses may turn out to be cached already.
_IN_VAIN = 10


def try_system(url: str, rounds: int) -> Trial:
    """Try a running system; Unreachable, NoDepartures. Where a limit stops it, that is the last fault."""
    with Line(url) as line:
        line.ask("/api/health/")
        return _try(url, line, queries_or_none(), rounds, own=False)


def try_own_web(rounds: int) -> Trial:
    """Start a web on the present database and Redis and try that; CannotTry, NoDepartures."""
    rides = _rides()
    with own_web(current_app.config["SETTINGS"]) as url, Line(url) as line:
        for group in Group:
            for address in islice(addresses(group, rides), _WARMING):
                line.ask(address)
        return _try(url, line, rides, rounds, own=True)
