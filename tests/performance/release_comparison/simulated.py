"""Releases that never ran: minutes of forty endpoints on a machine with good and bad minutes."""

import math
from dataclasses import dataclass

import numpy as np

from falconbus.performance.release_comparison.results import Slice
from falconbus.platform.telemetry.histogram import GROWTH

ENDPOINTS = 40
MINUTES = 60
DAY = 1440
#: Requests a minute: from an endpoint that is called all the time to one that is called now and then.
TRAFFIC = np.geomspace(90, 0.15, ENDPOINTS)
#: Medians in microseconds, and how wide each endpoint's own durations scatter (sigma of their logarithm).
MEDIANS = np.geomspace(900, 60_000, ENDPOINTS)
SCATTER = np.linspace(0.35, 0.8, ENDPOINTS)


@dataclass(frozen=True)
class Change:
    """What a release does to one endpoint: all of its requests, or a share of them, take `factor` as long."""

    endpoint: int = 6
    factor: float = 1.0
    share: float = 1.0


NOTHING = Change()


def name(endpoint: int) -> str:
    return f"GET /api/v1/things/{endpoint}"


def machine(chance: np.random.Generator, minutes: int, noise: float) -> np.ndarray:
    """How slow the machine is in each minute, as logarithms: noise that lasts (AR(1), 0.6), and a bad minute in 50."""
    steps = chance.normal(0, noise * math.sqrt(1 - 0.6**2), minutes)
    level = np.zeros(minutes)
    for minute in range(minutes):
        level[minute] = 0.6 * level[minute - 1] + steps[minute] if minute else chance.normal(0, noise)
    return level + np.where(chance.random(minutes) < 0.02, chance.exponential(0.5, minutes), 0.0)


def side(
    chance: np.random.Generator,
    begin: int,
    change: Change = NOTHING,
    *,
    minutes: int = MINUTES,
    noise: float = 0.08,
    day: float = 0.08,
) -> dict[str, list[Slice]]:
    """Minutes from `begin` on. In the evening there is twice the traffic of the morning, and all is `day` slower."""
    slow = machine(chance, minutes, noise)
    hours = np.sin(2 * math.pi * (begin + np.arange(minutes)) / DAY)
    found = {}
    for endpoint in range(ENDPOINTS):
        counts = chance.poisson(TRAFFIC[endpoint] * (1.5 - 0.5 * hours))
        levels = np.repeat(slow + day * hours / 2, counts)
        took = MEDIANS[endpoint] * np.exp(levels + chance.normal(0, SCATTER[endpoint], counts.sum()))
        if endpoint == change.endpoint:
            took = np.where(chance.random(counts.sum()) < change.share, took * change.factor, took)
        found[name(endpoint)] = _slices(begin, counts, took, chance)
    return found


def _slices(begin: int, counts: np.ndarray, took: np.ndarray, chance: np.random.Generator) -> list[Slice]:
    buckets = (np.log(np.maximum(took, 1)) / math.log(GROWTH)).astype(int) + 1
    slices = []
    for minute, part in enumerate(np.split(buckets, np.cumsum(counts)[:-1])):
        if len(part):
            values, numbers = np.unique(part, return_counts=True)
            histogram = dict(zip(values.tolist(), numbers.tolist(), strict=True))
            errors = int(chance.binomial(len(part), 0.003))
            slices.append(Slice(60 * (begin + minute), len(part), histogram, errors, 3 * len(part)))
    return slices
