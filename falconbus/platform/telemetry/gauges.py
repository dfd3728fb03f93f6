"""Gauges that features register; telemetry reads them without knowing any feature."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

log = logging.getLogger(__name__)

#: A number, or one for each value of the gauge's label.
Reading = float | Mapping[str, float]
Measure = Callable[[], Reading]


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge: `name` as in Prometheus without the prefix ("outbox_due"), `label` the meaning of the keys of a dict."""

    name: str
    description: str
    label: str
    measure: Measure


_gauges: dict[str, Gauge] = {}


def gauge(name: str, description: str, *, label: str = "name") -> Callable[[Measure], Measure]:
    """Register the decorated function as a gauge; ValueError when the name is taken."""

    def register(measure: Measure) -> Measure:
        if name in _gauges:
            raise ValueError(f"there are two gauges {name}")
        _gauges[name] = Gauge(name, description, label, measure)
        return measure

    return register


def unregister(name: str) -> None:
    """Remove a gauge."""
    del _gauges[name]


def readings() -> list[tuple[Gauge, dict[str, float]]]:
    """Return every gauge with its values by label ("" for a single one); one that fails is logged and left out."""
    found: list[tuple[Gauge, dict[str, float]]] = []
    for each in _gauges.values():
        try:
            reading = each.measure()
        except Exception:
            log.exception("the gauge %s failed", each.name)
            continue
        found.append((each, dict(reading) if isinstance(reading, Mapping) else {"": reading}))
    return found
