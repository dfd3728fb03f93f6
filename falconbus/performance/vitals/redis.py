"""Vitals of the two Redis addresses: memory, hits, evictions, clients, and what a restart would lose."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from redis import Redis, RedisError

from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings

_PATIENCE = 0.5
KEEPS, FORGETS = "Queue and sessions", "Cache and live figures"


class RedisVitals(msgspec.Struct, frozen=True, kw_only=True):
    """One address, as its server's INFO tells (redis.io/docs/latest/commands/info). Sizes in bytes.

    Hits, evictions and clients are the whole server's, since it started; `keys` are those of this address's database.
    `max_memory` is None without a limit. `saved_at` is the last snapshot, None when the server makes none.
    """

    name: str
    version: str
    server_id: str
    uptime_seconds: int
    used_memory: int
    max_memory: int | None
    policy: str
    fragmentation: float
    keys: int
    expiring_keys: int
    hit_share: float | None
    commands_per_second: int
    evicted: int
    expired: int
    clients: int
    blocked_clients: int
    refused_clients: int
    appends: bool
    saved_at: datetime | None
    unsaved_changes: int
    save_failed: bool
    warnings: list[str]


class RedisAway(msgspec.Struct, frozen=True):
    """An address that did not answer."""

    name: str
    fault: str


def vitals() -> list[RedisVitals | RedisAway]:
    """Return the vitals of both addresses; RedisAway for one that does not answer."""
    settings = get_settings()
    return [ask(KEEPS, settings.redis_url), ask(FORGETS, settings.cache_redis_url)]


def ask(name: str, url: str) -> RedisVitals | RedisAway:
    """Return the vitals of the server at one address, or RedisAway."""
    try:
        with Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE) as client:
            database = int(client.connection_pool.connection_kwargs.get("db") or 0)
            return _of(name, database, client.info())
    except RedisError as fault:
        return RedisAway(name, type(fault).__name__)


def _of(name: str, database: int, info: Mapping[str, Any]) -> RedisVitals:
    keyspace = info.get(f"db{database}", {})
    hits, misses = info["keyspace_hits"], info["keyspace_misses"]
    appends = bool(info.get("aof_enabled"))
    age = timedelta(seconds=clock.now().timestamp() - info["rdb_last_save_time"])
    # A server that never saved tells its own start as the last save.
    has_saved = age < timedelta(seconds=info["uptime_in_seconds"] - 1)
    return RedisVitals(
        name=name,
        version=str(info.get("valkey_version") or info["redis_version"]),
        server_id=str(info["run_id"]),
        uptime_seconds=info["uptime_in_seconds"],
        used_memory=info["used_memory"],
        max_memory=info.get("maxmemory") or None,
        policy=str(info.get("maxmemory_policy", "")),
        fragmentation=float(info.get("mem_fragmentation_ratio", 0)),
        keys=keyspace.get("keys", 0),
        expiring_keys=keyspace.get("expires", 0),
        hit_share=hits / (hits + misses) if hits + misses else None,
        commands_per_second=info["instantaneous_ops_per_sec"],
        evicted=info["evicted_keys"],
        expired=info["expired_keys"],
        clients=info["connected_clients"],
        blocked_clients=info["blocked_clients"],
        refused_clients=info["rejected_connections"],
        appends=appends,
        saved_at=clock.now() - age if has_saved else None,
        unsaved_changes=info["rdb_changes_since_last_save"],
        save_failed=info["rdb_last_bgsave_status"] != "ok",
        warnings=_warnings(name, info, appends=appends, has_saved=has_saved),
    )


def _warnings(name: str, info: Mapping[str, Any], *, appends: bool, has_saved: bool) -> list[str]:
    """Return what an operator of the server should change."""
    warnings = []
    limit = info.get("maxmemory") or 0
    if name == KEEPS and limit and info.get("maxmemory_policy") != "noeviction":
        warnings.append("It may evict: queue messages and sessions can be lost. Set maxmemory-policy to noeviction.")
    if name == KEEPS and not appends and not has_saved:
        warnings.append(
            "It keeps nothing over a restart: sessions and waiting messages would be lost. Set appendonly to yes."
        )
    if limit and info["used_memory"] > 0.9 * limit:
        warnings.append("More than 90 % of its memory is used. Give it more, or keep less.")
    if info["rdb_last_bgsave_status"] != "ok":
        warnings.append("Its last snapshot failed: see its log.")
    return warnings
