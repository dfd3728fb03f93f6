"""Request and response shapes of feed imports."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import Field

from falconbus.platform.kit.schema import Query


class ImportForm(Query):
    """The fields beside the file in an upload; all may be left out."""

    name: Annotated[str | None, Field(description="The feed's name: a version of the same feed replaces the last")] = (
        None
    )
    layout: str = "coach-49"
    currency: str | None = None
    price_per_km: str | None = None
    shift_dates: bool = False
    skip_faulty: Annotated[bool, Field(description="Leave out the trips with faults, and list them")] = False
    horizon_days: int | None = None
    same_network: Annotated[
        bool, Field(description="It is the next version of the network of its name, whatever its stops are called now")
    ] = False
    another_network: Annotated[bool, Field(description="It is a network beside one that it looks like")] = False


class ImportItem(msgspec.Struct):
    """An import in a list."""

    id: int
    status: str
    filename: str
    created_at: datetime
    finished_at: datetime | None


class ImportFault(msgspec.Struct):
    """A fault in the feed; `line` counts from 1, the header's."""

    file: str
    line: int | None
    wrong: str
    remedy: str


class ImportOut(msgspec.Struct):
    """An import with what came of it; the first hundred faults are listed, `fault_count` counts all.

    `left_out`: with `skip_faulty`, the first hundred faults whose trips the import made do without. `changes`: what is
    other than in the feed's last version, a line for each kind.
    """

    id: int
    status: str
    filename: str
    created_at: datetime
    finished_at: datetime | None
    feed: str
    counts: dict[str, int]
    notes: list[str]
    faults: list[ImportFault]
    fault_count: int
    left_out: list[str]
    changes: list[str]
    withdrawn: list[str]

    @classmethod
    def of(cls, row: Any) -> "ImportOut":
        """Make the response from a row and its report, which is empty until the import has ended."""
        report = {
            "feed": "",
            "counts": {},
            "notes": [],
            "faults": [],
            "fault_count": 0,
            "left_out": [],
            "changes": [],
            "withdrawn": [],
            **row.report,
        }
        return cls(
            id=row.id,
            status=row.status,
            filename=row.filename,
            created_at=row.created_at,
            finished_at=row.finished_at,
            **{**report, "faults": [ImportFault(**fault) for fault in report["faults"]]},
        )


class ImportAccepted(msgspec.Struct):
    """An import that a worker will run."""

    id: int
    status: str
