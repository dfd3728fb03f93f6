"""How an entry is stored in Redis: `<version>,<version>...`, a newline, and the response in MessagePack.

Unlike a pickle, what a shared Redis holds is never executed.
"""

import msgspec

from falconbus.platform.caching.entries import CachedResponse, Entry

#: What the keys of all entries begin with; the name of their group follows.
PREFIX = "cache:answer:"


def encode(response: CachedResponse) -> bytes:
    """Return what is stored after the versions."""
    return msgspec.msgpack.encode(response)


def dump(entry: Entry) -> bytes:
    """Return what is stored of an entry."""
    return ",".join(entry.versions[tag] for tag in entry.response.tags).encode() + b"\n" + encode(entry.response)


def load(stored: bytes | None) -> Entry | None:
    """Return the entry that is stored; None for nothing, or for what is no entry."""
    head, newline, encoded = (stored or b"").partition(b"\n")
    if not newline:
        return None
    try:
        return Entry.of(msgspec.msgpack.decode(encoded, type=CachedResponse), head.decode().split(","))
    except (msgspec.MsgspecError, ValueError):
        return None
