"""One thing that stands out, with its remedy and the page that shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from falconbus.performance.pages.frame import link
from falconbus.performance.pages.period import Picked

#: Of each kind, so that one of them cannot hide the others; its page has the rest.
OF_EACH = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """`tone` is "danger" for what fails now, "caution" for what costs time; `label` names its kind."""

    label: str
    tone: Literal["danger", "caution"]
    words: str
    remedy: str
    address: str
    link: str


def endpoint_address(key: str, picked: Picked) -> str:
    """Return the address of an endpoint's page."""
    return link("show_endpoint", key=key, **picked.parameters)


def named(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and 3 more`."""
    listed = list(names)
    rest = len(listed) - 2
    return " and ".join(listed) if rest <= 0 else f"{', '.join(listed[:2])} and {rest} more"
