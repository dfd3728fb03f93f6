"""Advice on statements: finding and proving it, keeping it, and seeing what came of it."""

from falconbus.performance.advisor.schemas import AdviceOut, CheckOut


def list_advice() -> list[AdviceOut]:
    """Open advice first, what saves most first; then applied, dismissed and withdrawn."""
    raise NotImplementedError


def find_check(fingerprint: str) -> CheckOut | None:
    """What came of looking at a statement; None when nobody has."""
    raise NotImplementedError
