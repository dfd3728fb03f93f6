"""Cache statistics on a terminal."""

import click

from falconbus.performance.caches.statistics import CacheStatistics
from falconbus.performance.terminal_tables import print_table, size
from falconbus.performance.vitals.redis import RedisVitals

_NOTHING_ASKED = (
    "Nobody has asked for anything cached in this time: call some pages, try `./falcon perf bench`, or a longer --last."
)


def print_statistics(found: CacheStatistics) -> None:
    """Print the groups, then the Redis that holds them."""
    rows = [
        [
            each.group,
            f"{each.hits:,}",
            f"{each.misses:,}",
            f"{each.stale:,}",
            f"{each.errors:,}",
            _percent(each.hit_share),
            "-" if each.keys is None else f"{each.keys:,}",
            "-" if each.bytes is None else size(each.bytes),
        ]
        for each in found.groups
    ]
    columns = ("Group", "Hits", "Misses", "Stale", "Errors", "Hit share", "Keys now", "Size now")
    since = f"{found.period.begin:%Y-%m-%d %H:%M} UTC"
    print_table(f"Cached answers since {since}", columns, rows, "none")
    if found.is_empty:
        click.echo(_NOTHING_ASKED)
    if not found.is_complete:
        click.echo("The newest minutes could not be read from Redis: the figures are too low.")
    _print_redis(found.redis)


def _print_redis(redis: RedisVitals) -> None:
    limit = size(redis.max_memory) if redis.max_memory else "no limit"
    row = [size(redis.used_memory), limit, redis.policy, f"{redis.evicted:,}", _percent(redis.hit_share)]
    columns = ("Memory", "Limit", "When full", "Evicted", "Its own hit share")
    print_table("The cache's Redis, since it started", columns, [row], "none")
    for warning in redis.warnings:
        click.echo(f"Warning: {warning}")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
