"""Reads a feed's files into the staging tables: streamed row by row through csv, in batches through COPY.

PostgreSQL's own CSV reader is faster, but stops at the first short row, keeps blanks and gives no line numbers.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from psycopg import sql

from falconbus.gtfs.importing.database import analyze, raw_cursor
from falconbus.gtfs.importing.source import Source, translate_damage
from falconbus.gtfs.importing.staging import FILES, FeedFile, create_tables
from falconbus.gtfs.report import Report

#: Called with the bytes read so far and the bytes of all files.
Progress = Callable[[int, int], None]

_MAX_LINE_LENGTH = 1_000_000
_BATCH_ROWS = 2000
# Tabs and line ends may stand in quoted text. U+FFFD is what bytes become that are not UTF-8.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")


def read_feed(source: Source, report: Report, progress: Progress) -> None:
    """Read every known file into its staging table and report faults."""
    create_tables()
    sizes = {file.name: source.size(file.filename) for file in FILES}
    total = sum(size or 0 for size in sizes.values())
    before = 0
    for file in FILES:
        size = sizes[file.name]
        if size is not None:
            with translate_damage(file.filename), source.open(file.filename) as stream, _as_text(stream) as text:
                reader = _FileReader(file, text, report)
                reader.copy(_ProgressReporter(progress, before, total, stream).report)
            before += size
        elif file.needed:
            report.add_fault(file.filename, None, "is missing", "a feed needs it")
    if sizes["calendar"] is None and sizes["calendar_dates"] is None:
        report.add_fault("calendar.txt", None, "is missing, and calendar_dates.txt too", "a feed needs one of them")
    analyze(*(file.table for file in FILES))


@dataclass(frozen=True)
class _ProgressReporter:
    """Reports the progress within one file, added to that of the files before it."""

    progress: Progress
    before: int
    total: int
    stream: IO[bytes]

    def report(self) -> None:
        self.progress(self.before + self.stream.tell(), self.total)


def _as_text(stream: IO[bytes]) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")


class _FileReader:
    """Reads one file. Bad rows become faults, so that one run reports all of them."""

    def __init__(self, file: FeedFile, text: io.TextIOWrapper, report: Report) -> None:
        self._file = file
        self._text = text
        self._report = report
        self._rows = csv.reader(self._lines(), strict=True, skipinitialspace=True)

    def copy(self, report_progress: Callable[[], None]) -> None:
        """Stream the known columns through COPY in batches."""
        header = self._header()
        if header is None:
            return
        names = [name for name in self._file.columns if name in header]
        indexes = [header.index(name) for name in names]
        statement = sql.SQL("COPY {} (line, {}) FROM STDIN (FORMAT csv)").format(
            sql.Identifier(self._file.table), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        rows = self._known_values(indexes, len(header))
        count = 0
        with raw_cursor() as cursor, cursor.copy(statement) as copy:
            while batch := list(islice(rows, _BATCH_ROWS)):
                copy.write(self._as_csv(batch, names))
                count += len(batch)
                report_progress()
        if self._file.needed and count == 0:
            self._fault(None, "has no rows", "a feed needs some")

    def _header(self) -> list[str] | None:
        try:
            header = [name.strip() for name in next(self._rows, [])]
        except csv.Error as fault:
            self._fault(1, f"is no CSV ({fault})", "write a header of column names")
            return None
        for name in self._file.required:
            if name not in header:
                self._fault(1, f"has no column {name}", "add it")
        for name in self._file.columns:
            if header.count(name) > 1:
                self._fault(1, f"has the column {name} twice", "leave one of them out")
        return header if set(header) & set(self._file.columns) else None

    def _known_values(self, indexes: list[int], width: int) -> Iterator[list[str]]:
        """Yield the line number and known columns of each row; short rows are filled up, empty ones skipped."""
        line = self._rows.line_num
        try:
            for row in self._rows:
                if any(row):
                    if len(row) != width:
                        if any(row[width:]):
                            self._fault(
                                line + 1, f"has {len(row)} values, the header {width}", "quote text with commas"
                            )
                        row.extend([""] * (width - len(row)))
                    yield [str(line + 1), *[row[index].strip() for index in indexes]]
                line = self._rows.line_num
        except csv.Error as fault:
            self._fault(line + 1, f"cannot be read on ({fault})", "mend its quotes")

    def _as_csv(self, batch: list[list[str]], names: list[str]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(batch)
        text = buffer.getvalue()
        if not _NOT_TEXT.search(text):
            return text
        for line, *values in batch:
            for name, value in zip(names, values, strict=True):
                if _NOT_TEXT.search(value):
                    self._fault(int(line), f"{name} has characters that are no text", "save the file as UTF-8")
        return _NOT_TEXT.sub("?", text)

    def _lines(self) -> Iterator[str]:
        while line := self._text.readline(_MAX_LINE_LENGTH):
            if len(line) == _MAX_LINE_LENGTH:
                raise csv.Error(f"the line is longer than {_MAX_LINE_LENGTH} characters")
            yield line

    def _fault(self, line: int | None, wrong: str, remedy: str) -> None:
        self._report.add_fault(self._file.filename, line, wrong, remedy)
