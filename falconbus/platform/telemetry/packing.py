"""Packed histograms of the rollups: bytes that are added up without unpacking single buckets.

A packed histogram is its first bucket, how many buckets it spans and how many bytes the largest count has (all little
endian), then the lowest byte of every count, the second byte of every count, and so on. To add, each count is put into
a lane of eight bytes of one large number: a sum of such numbers adds all buckets at once, at the speed of C.
"""

import struct
from collections.abc import Mapping

from falconbus.platform.telemetry.histogram import Buckets

_HEAD = struct.Struct("<HHB")
_LANE = 8


def pack(buckets: Mapping[int, int]) -> bytes:
    """Return a histogram as bytes; several of them end to end are unpacked as their sum."""
    first = min(buckets, default=0)
    span = max(buckets) - first + 1 if buckets else 0
    planes = -(-max(buckets.values(), default=0).bit_length() // 8)
    lanes = bytearray(_LANE * span)
    for bucket, count in buckets.items():
        struct.pack_into("<Q", lanes, (bucket - first) * _LANE, count)
    return _HEAD.pack(first, span, planes) + b"".join(lanes[plane::_LANE] for plane in range(planes))


def unpack(packed: bytes) -> Buckets:
    """Return the sum of all histograms in `packed`, buckets in rising order; ValueError when it holds none."""
    total, at, end = 0, 0, len(packed)
    while at < end:
        if end - at < _HEAD.size:
            raise ValueError("a histogram's head is cut off")
        first, span, planes = _HEAD.unpack_from(packed, at)
        at += _HEAD.size
        if planes > _LANE or end - at < span * planes:
            raise ValueError("a histogram is longer than its bytes")
        lanes = bytearray(_LANE * span)
        for plane in range(planes):
            lanes[plane::_LANE] = packed[at : at + span]
            at += span
        total += int.from_bytes(lanes, "little") << (first * _LANE * 8)
    return _counts(total)


def _counts(total: int) -> Buckets:
    """Return the counts of the lanes, from the first to the last that is not empty."""
    if not total:
        return {}
    first = ((total & -total).bit_length() - 1) // (_LANE * 8)
    total >>= first * _LANE * 8
    span = -(-total.bit_length() // (_LANE * 8))
    counts = struct.unpack(f"<{span}Q", total.to_bytes(span * _LANE, "little"))
    return {bucket: count for bucket, count in enumerate(counts, first) if count}
