"""Permissions: what a caller can be allowed to do. Each feature has a permissions.py of its own."""


class Permission(str):
    """Something that a role can be allowed to do, in words."""

    __slots__ = ()


SEE_PERFORMANCE = Permission("see how the system performs")
TEND_PERFORMANCE = Permission("clear and warm caches, have indexes proven")
