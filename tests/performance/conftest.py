"""A mailer to tell by; what the pages show."""

from tests.mailers import mailer
from tests.performance.measured import admin, measured, redis

__all__ = ["admin", "mailer", "measured", "redis"]
