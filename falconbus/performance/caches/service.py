"""Use cases of the caches: clear and warm."""

from falconbus.platform.caching import groups, maintenance
from falconbus.platform.caching.groups import Group
from falconbus.platform.caching.maintenance import WARM_CACHES
from falconbus.platform.jobs import enqueue
from falconbus.platform.kit.errors import Invalid


class UnknownGroup(Invalid):
    code = "unknown_group"
    title = "There is no cache group of that name"


def clear(name: str | None = None) -> list[Group]:
    """Clear one group, or all, and have a worker warm them; return those cleared. UnknownGroup."""
    chosen = list(groups.registered()) if name is None else [_get_group(name)]
    maintenance.clear(chosen)
    enqueue(WARM_CACHES)
    return chosen


def request_warming() -> None:
    """Have a worker warm the most requested responses."""
    enqueue(WARM_CACHES)


def _get_group(name: str) -> Group:
    group = groups.find_group(name)
    if group is None:
        raise UnknownGroup(f"the groups are {', '.join(map(str, groups.registered()))}", pointer="/group")
    return group
