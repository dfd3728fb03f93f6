"""Permissions: what a caller can be allowed to do. Each feature has a permissions.py of its own."""


class Permission(str):
    """Something that a role can be allowed to do: a code, the constant's name in small letters."""

    __slots__ = ()


SEE_PERFORMANCE = Permission("see_performance")
TEND_PERFORMANCE = Permission("tend_performance")
