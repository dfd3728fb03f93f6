"""What a trial found."""

import msgspec


class Try(msgspec.Struct, frozen=True):
    """One address, asked for twice: made (MISS), then found (HIT). Milliseconds until the last byte is here."""

    address: str
    first_ms: float
    second_ms: float
    ratio: float


class Size(msgspec.Struct, frozen=True):
    """The bytes of an answer's body in one encoding; `saved` is the share that it is smaller than the plain one,
    None when the answer came plain all the same (one that is short is not compressed)."""

    encoding: str
    bytes: int
    saved: float | None


class GroupTrial(msgspec.Struct, frozen=True):
    """The tries of a cache group, their medians and the ratio of these; None without a try that went well."""

    group: str
    tries: list[Try]
    first_ms: float | None
    second_ms: float | None
    ratio: float | None
    plain_bytes: int | None
    sizes: list[Size]


class Trial(msgspec.Struct, frozen=True):
    """Everything that was tried; `faults` are the answers that were not as they should be."""

    url: str
    own_web: bool
    groups: list[GroupTrial]
    faults: list[str]
