"""Errors of a comparison."""

from falconbus.platform.kit.errors import Invalid, NotFound


class ReleaseNotFound(NotFound):
    code = "release_not_found"
    title = "No release of this name has run here"


class ComparisonNotFound(NotFound):
    code = "comparison_not_found"
    title = "There is no such comparison"


class BadSide(Invalid):
    """A side is neither a release nor a stretch of time, or both sides are the same."""
