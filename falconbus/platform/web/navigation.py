"""Where the head of every page leads."""

from dataclasses import dataclass

from falconbus.platform.web.permissions import Permission


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """A link in the head, for callers with `permission`; pages below its path show it as the present one."""

    title: str
    path: str
    permission: Permission
