"""The columns of the dashboard's tables, and what each is sorted by."""

from operator import attrgetter

from falconbus.performance.pages.tables import Column

ENDPOINTS = (
    Column("Endpoint", "key", is_number=False),
    Column("Time", "time", attrgetter("time_share")),
    Column("Requests", "requests"),
    Column("Over time", is_number=False),
    Column("Errors", "errors"),
    Column("p50", "p50", attrgetter("p50_ms")),
    Column("p95", "p95", attrgetter("p95_ms")),
    Column("p99", "p99", attrgetter("p99_ms")),
    Column("Queries", "queries", attrgetter("queries_per_request")),
    Column("Repeated", "repeated", attrgetter("repeated_per_request")),
    Column("In SQL", "sql", attrgetter("sql_share")),
    Column("Cache", "cache", attrgetter("cache_hit_share")),
)
FAILED = (
    Column("Why", "why", is_number=False),
    Column("Times", "times", attrgetter("number")),
    Column("Endpoint", "endpoint", is_number=False),
    Column("Last", "last", lambda fault: fault.requests[0].at.timestamp() if fault.requests else None),
    Column("Newest requests", is_number=False),
)
STATEMENTS = (
    Column("Statement", "statement", attrgetter("text"), is_number=False),
    Column("Calls", "calls"),
    Column("Mean", "mean", attrgetter("mean_ms")),
    Column("p95", "p95", attrgetter("p95_ms")),
    Column("Time an hour", "time", attrgetter("ms_per_hour")),
    Column("Share", "share", attrgetter("time_share")),
    Column("Plan", is_number=False),
)
SENDERS = (
    Column("Endpoint or task", "owner", is_number=False),
    Column("Line", "line", attrgetter("origin"), is_number=False),
    Column("Calls", "calls"),
    Column("Time", "time", attrgetter("total_ms")),
    Column("Repeated", "repeated"),
)
CACHES = (
    Column("Group", "group", attrgetter("name"), is_number=False),
    Column("Hit share", "share", attrgetter("hit_share")),
    Column("Bar", is_number=False),
    Column("Hits", "hits"),
    Column("Misses", "misses"),
    Column("Stale", "stale"),
    Column("Faults", "faults", attrgetter("errors")),
    Column("Look-up p95", "p95", attrgetter("p95_ms")),
    Column("Keys", "keys"),
    Column("Size", "size", attrgetter("bytes")),
)
TASKS = (
    Column("Task", "task", attrgetter("name"), is_number=False),
    Column("Runs", "runs"),
    Column("Failed", "failed"),
    Column("Retried", "retried"),
    Column("p50", "p50", attrgetter("p50_ms")),
    Column("p95", "p95", attrgetter("p95_ms")),
    Column("Queries a run", "queries", attrgetter("queries_per_run")),
    Column("Repeated", "repeated"),
)
TABLES = (
    Column("Table", "table", attrgetter("name"), is_number=False),
    Column("Rows", "rows"),
    Column("Dead", "dead", attrgetter("dead_rows")),
    Column("Size", "size", attrgetter("bytes")),
    Column("Indexes", "index-size", attrgetter("index_bytes")),
    Column("Read whole", "scans", attrgetter("sequential_scans")),
    Column("By index", "by-index", attrgetter("index_scans")),
)
INDEXES = (
    Column("Index", "index", attrgetter("name"), is_number=False),
    Column("Table", "table", is_number=False),
    Column("Size", "size", attrgetter("bytes")),
    Column("Used", "used", attrgetter("scans")),
)
UNUSED = (*INDEXES[:3], Column("Definition", is_number=False))
