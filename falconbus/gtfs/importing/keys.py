"""Keys of what a feed has made: `feed:id`, and what we add to an id where one of the feed's is not enough."""

from falconbus.gtfs.importing.database import execute

#: Separates our addition from an id. No id of a feed has it: characters that are no text are refused (reading.py).
OURS = "chr(31)"


def trip_of(key: str) -> str:
    """Return the SQL of a timetable's key (`feed:trip_id:start`) without its start and what we added."""
    return f"regexp_replace(split_part({key}, {OURS}, 1), ':[0-9]+:[0-9][0-9]:[0-9][0-9]$', '')"


_GIVE_UP = """
    WITH wanted AS ({wanted})
    UPDATE {table} AS known SET feed_key = :feed || ':' || {ours} || known.id
    WHERE starts_with(feed_key, :feed || ':')
      AND (id IN (SELECT id FROM wanted) OR feed_key IN (SELECT feed_key FROM wanted))
      AND NOT EXISTS (SELECT FROM wanted WHERE wanted.id = known.id AND wanted.feed_key = known.feed_key)
"""
_GIVE = """
    UPDATE {table} AS known SET feed_key = wanted.feed_key
    FROM ({wanted}) AS wanted WHERE wanted.id = known.id AND wanted.feed_key <> known.feed_key
"""


def rekey(table: str, feed: str, wanted: str) -> None:
    """Give rows of a network the keys that a SELECT of `id` and `feed_key` wants for them.

    A row that has a key wanted for another one, or (without an `id`) for a new one, gets one of ours instead.
    """
    execute(_GIVE_UP.format(table=table, wanted=wanted, ours=OURS), feed=feed)
    execute(_GIVE.format(table=table, wanted=wanted))
