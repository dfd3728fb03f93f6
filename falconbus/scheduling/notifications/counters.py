"""The number of somebody's unread notifications, as Redis has it for the live process, which asks no database.

Who has changed something puts down a mark of their own, counts, and keeps the number if the mark is still theirs. All
of it comes after the commit, so that of two at once the one who marks last counts what both have done.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence

from redis import Redis

#: Seconds; longer than a stream may last (live.stream.LONGEST), and each stream begins with a count.
KEPT = 1200

_KEEP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
"""


def mark(redis: Redis, staff_ids: Collection[int]) -> str:
    """Announce that these are going to be counted; RedisError."""
    own = secrets.token_hex(8)
    pipeline = redis.pipeline(transaction=False)
    for staff_id in staff_ids:
        pipeline.set(_mark_of(staff_id), own, ex=KEPT)
    pipeline.execute()
    return own


def keep(redis: Redis, own: str, counts: Mapping[int, int]) -> None:
    """Keep what was counted since `mark`, but for those whom somebody else has marked meanwhile; RedisError."""
    pipeline = redis.pipeline(transaction=False)
    for staff_id, count in counts.items():
        pipeline.eval(_KEEP, 2, _mark_of(staff_id), _count_of(staff_id), own, count, KEPT)
    pipeline.execute()


def read(redis: Redis, staff_ids: Sequence[int]) -> dict[int, int | None]:
    """The numbers of some, in one question; None where none is kept. RedisError."""
    found = redis.mget([_count_of(staff_id) for staff_id in staff_ids]) if staff_ids else []
    return {staff_id: None if each is None else int(each) for staff_id, each in zip(staff_ids, found, strict=True)}


def _mark_of(staff_id: int) -> str:
    return f"notifications:mark:{staff_id}"


def _count_of(staff_id: int) -> str:
    return f"notifications:unread:{staff_id}"
