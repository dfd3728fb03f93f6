"""Counts of unread notifications in Redis, for the live process, which does not query the database.

A writer sets its own mark, counts in the database, and stores the count only if the mark is still its own. All of it
happens after the commit, so that of two concurrent writers the last to mark counts the changes of both.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence

from redis import Redis

#: Seconds; longer than a stream may last (live.stream.LONGEST), and each stream begins with a count.
TTL = 1200

_STORE_IF_MARKED = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
"""


def mark(redis: Redis, staff_ids: Collection[int]) -> str:
    """Mark staff as being counted, and return the mark for `store`; RedisError."""
    own = secrets.token_hex(8)
    pipeline = redis.pipeline(transaction=False)
    for staff_id in staff_ids:
        pipeline.set(_mark_key(staff_id), own, ex=TTL)
    pipeline.execute()
    return own


def store(redis: Redis, own: str, counts: Mapping[int, int]) -> None:
    """Store counts made after `mark`, but not of staff whom another writer has marked meanwhile; RedisError."""
    pipeline = redis.pipeline(transaction=False)
    for staff_id, count in counts.items():
        pipeline.eval(_STORE_IF_MARKED, 2, _mark_key(staff_id), _count_key(staff_id), own, count, TTL)
    pipeline.execute()


def read(redis: Redis, staff_ids: Sequence[int]) -> dict[int, int | None]:
    """Return the counts of staff with one command, None where none is stored; RedisError."""
    values = redis.mget([_count_key(staff_id) for staff_id in staff_ids]) if staff_ids else []
    return {staff_id: None if count is None else int(count) for staff_id, count in zip(staff_ids, values, strict=True)}


def _mark_key(staff_id: int) -> str:
    return f"notifications:mark:{staff_id}"


def _count_key(staff_id: int) -> str:
    return f"notifications:unread:{staff_id}"
