"""The results of a benchmark."""

import msgspec


class Measurement(msgspec.Struct, frozen=True):
    """One address, requested twice: a MISS, then a HIT. Milliseconds until the last byte."""

    address: str
    first_ms: float
    second_ms: float
    ratio: float


class EncodingSize(msgspec.Struct, frozen=True):
    """The bytes of a response's body in one encoding; `saved` is the share by which it is smaller than plain.

    `saved` is None when the response came plain all the same (a short one is not compressed).
    """

    encoding: str
    bytes: int
    saved: float | None


class GroupResult(msgspec.Struct, frozen=True):
    """The measurements of a cache group, their medians and the ratio of these; None without measurements."""

    group: str
    tries: list[Measurement]
    first_ms: float | None
    second_ms: float | None
    ratio: float | None
    plain_bytes: int | None
    sizes: list[EncodingSize]


class BenchmarkResult(msgspec.Struct, frozen=True):
    """The results of all groups; `faults` are responses that were not as expected."""

    url: str
    own_web: bool
    groups: list[GroupResult]
    faults: list[str]
