"""Clearing cached answers, and having the popular ones made anew."""

from falconbus.platform.caching import maintenance
from falconbus.platform.caching.groups import Group
from falconbus.platform.jobs import Job, enqueue
from falconbus.platform.kit.errors import Invalid


class UnknownGroup(Invalid):
    code = "unknown_group"
    title = "There is no cache group of that name"


def clear(name: str | None = None) -> list[Group]:
    """Clear one group, or all, and warm what is popular; returns those cleared. UnknownGroup."""
    groups = list(Group) if name is None else [_group(name)]
    maintenance.clear(groups)
    enqueue(Job.WARM_CACHES)
    return groups


def request_warming() -> None:
    """Have a worker make anew what is asked for most."""
    enqueue(Job.WARM_CACHES)


def _group(name: str) -> Group:
    try:
        return Group(name)
    except ValueError:
        raise UnknownGroup(f"the groups are {', '.join(Group)}", pointer="/group") from None
