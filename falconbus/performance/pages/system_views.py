"""What the line runs on: caches, workers, PostgreSQL and Redis, health."""

from dataclasses import dataclass

from flask import Blueprint, request
from redis.exceptions import RedisError
from werkzeug.wrappers import Response

from falconbus.performance.caches import service as caches
from falconbus.performance.dashboard import service
from falconbus.performance.dashboard.figures import CacheOut
from falconbus.performance.health import service as health
from falconbus.performance.owed_jobs import service as owed_jobs
from falconbus.performance.pages import columns, frame
from falconbus.performance.pages.tables import sort_tables
from falconbus.performance.vitals import postgres, queues, redis
from falconbus.platform.backups.reports import last_report
from falconbus.platform.backups.status import Status
from falconbus.platform.caching import maintenance
from falconbus.platform.web.declarations import PAGE
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE, TEND_PERFORMANCE

bp = Blueprint("system", __name__)

_OWED_SHOWN = 50
#: The parts of health, and what each is for.
PARTS = {
    "database": ("Database", "PostgreSQL answers. Without it nothing can be searched or sold."),
    "cache": ("Cache", "The Redis of caches and live figures answers. Without it pages are slower and figures late."),
    "mail": ("Mail", "The SMTP server answers and takes our sender. Without it mails wait, and go out later."),
    "queue": (
        "Queue",
        "The Redis of jobs and sessions answers, and a worker is alive. Without either mails wait, and holds stay.",
    ),
    "jobs": ("Jobs", "Mails are sent and refunds paid in time. If not, the Workers page says which wait, and why."),
    "backups": (
        "Backups",
        "Backups are made and kept. If not, the lines below say why, and so does a mail to administrators.",
    ),
    "migrations": ("Migrations", "The database has the tables that this code expects. If not: falcon db upgrade."),
}

#: What a part is when it is not well; else it is down.
_TROUBLES = {"jobs": "late", "backups": "in trouble"}


@dataclass(frozen=True, slots=True)
class HealthRow:
    name: str
    works: bool
    words: str
    trouble: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheRow:
    """A group: look-ups of the period, and what Redis holds of it now (None: it is away)."""

    name: str
    hits: int
    misses: int
    stale: int
    errors: int
    hit_share: float | None
    p95_ms: float | None
    keys: int | None
    bytes: int | None


@operation(bp.get("/caches"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=6)
def show_caches() -> str:
    """Cache groups: hit share, size, and buttons to clear and warm."""
    picked = frame.picked()
    page = service.get_dashboard(picked.period)
    return frame.render(
        "caches.html",
        "Caches",
        tab="system.show_caches",
        picked=picked,
        page=page,
        table=sort_tables(caches=(_cache_rows(page.caches), columns.CACHES, ""))["caches"],
        may_tend=caller().may(TEND_PERFORMANCE),
    )


@operation(bp.post("/caches/clear"), who=TEND_PERFORMANCE, gives={200: PAGE}, budget=1)
def clear_caches() -> Response:
    """Clear one group (`group=`), or all."""
    name = request.form.get("group") or None
    caches.clear(name)
    return frame.see("system.show_caches", "cleared" if name else "cleared-all")


@operation(bp.post("/caches/warm"), who=TEND_PERFORMANCE, gives={200: PAGE}, budget=1)
def warm_caches() -> Response:
    """Have a worker make anew what is asked for most."""
    caches.request_warming()
    return frame.see("system.show_caches", "warming")


@operation(bp.get("/workers"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=10)
def show_workers() -> str:
    """Tasks, queues, workers, mails and the outbox."""
    picked = frame.picked()
    page = service.get_dashboard(picked.period)
    return frame.render(
        "workers.html",
        "Workers",
        tab="system.show_workers",
        picked=picked,
        page=page,
        tasks=sort_tables(tasks=(page.tasks, columns.TASKS, "task"))["tasks"],
        now=queues.vitals(),
        waits={queue.name: queue for queue in page.queues},
        owed=owed_jobs.first_owed(["failed", "late"], _OWED_SHOWN),
        may_tend=caller().may(TEND_PERFORMANCE),
    )


@operation(bp.post("/workers/jobs/<id:job_id>/retry"), who=TEND_PERFORMANCE, gives={200: PAGE}, budget=2)
def retry_job(job_id: int) -> Response:
    """Have an owed job run now."""
    owed_jobs.retry(job_id)
    return frame.see("system.show_workers", "retried")


@operation(bp.post("/workers/jobs/retry-failed"), who=TEND_PERFORMANCE, gives={200: PAGE}, budget=2)
def retry_failed_jobs() -> Response:
    """Have every failed job run again."""
    owed_jobs.retry_failed()
    return frame.see("system.show_workers", "retried-all")


@operation(bp.get("/database"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=6)
def show_database() -> str:
    """PostgreSQL and Redis."""
    page = postgres.vitals()
    return frame.render(
        "database.html",
        "Database",
        tab="system.show_database",
        page=page,
        sorted=sort_tables(tables=(page.tables, columns.TABLES, ""), indexes=(page.indexes, columns.INDEXES, "size")),
        redis=redis.vitals(),
    )


@operation(bp.get("/health"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=4)
def show_health() -> str:
    """Whether the system can sell, part by part."""
    page = health.check()
    rows = [
        HealthRow(name, getattr(page, part) in {health.HEALTHY, health.OFF}, words, _trouble(part, getattr(page, part)))
        for part, (name, words) in PARTS.items()
    ]
    return frame.render(
        "health.html", "Health", tab="system.show_health", page=page, rows=rows, backups=_last_backups()
    )


def _trouble(part: str, state: str) -> str:
    return state if state == health.NO_WORKER else _TROUBLES.get(part, "down")


def _last_backups() -> Status | None:
    """Return how it stands with the backups; None when nobody can say."""
    try:
        return last_report()
    except RedisError:
        return None


def _cache_rows(asked: list[CacheOut]) -> list[CacheRow]:
    """Every group, those asked most first."""
    lookups = {each.group: each for each in asked}
    rows = []
    for content in maintenance.contents():
        seen = lookups.get(content.group) or CacheOut(content.group, 0, 0, 0, 0, None, None)
        rows.append(
            CacheRow(
                name=seen.group, hits=seen.hits, misses=seen.misses, stale=seen.stale, errors=seen.errors,
                hit_share=seen.hit_share, p95_ms=seen.p95_ms, keys=content.keys, bytes=content.bytes,
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (-(row.hits + row.misses + row.stale), row.name))
