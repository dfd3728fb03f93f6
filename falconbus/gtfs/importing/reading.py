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

from falconbus.gtfs.importing import skipping
from falconbus.gtfs.importing.database import analyze, execute, raw_cursor
from falconbus.gtfs.importing.source import Source, translate_damage
from falconbus.gtfs.importing.staging import FILES, FeedFile, create_tables
from falconbus.gtfs.report import Fault, Report

#: Called with the bytes read so far and the bytes of all files.
Progress = Callable[[int, int], None]

_MAX_LINE_LENGTH = 1_000_000
_BATCH_ROWS = 2000
_FARES_V2 = "fare_products.txt"
_BLANK_AFTER_QUOTE = re.compile(r'"[ \t]+(?=,|[\r\n]|$)')
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
# Tabs and line ends may stand in quoted text. U+FFFD is what bytes become that are not UTF-8.
_BYTE_ORDER_MARK = "\ufeff"
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")


def read_feed(source: Source, report: Report, progress: Progress, *, skip_faulty: bool) -> None:
    """Read every known file into its staging table; report faults, or mark the rows that have one."""
    create_tables()
    skipping.create_table()
    for note in source.notes:
        report.note(note)
    sizes = {file.name: source.size(file.filename) for file in FILES}
    total = sum(size or 0 for size in sizes.values())
    before = 0
    for file in FILES:
        size = sizes[file.name]
        if size:
            with translate_damage(file.filename), source.open(file.filename) as stream, _as_text(stream) as text:
                reader = _FileReader(file, text, report, skip_faulty=skip_faulty)
                reader.copy(_ProgressReporter(progress, before, total, stream).report)
            before += size
        elif file.needed:
            wrong = "is missing" if size is None else "is empty"
            report.add_fault(file.filename, None, wrong, "a feed needs it")
        elif size == 0:
            report.note(f"{file.filename} is empty: it counts as missing")
    if not sizes["calendar"] and not sizes["calendar_dates"]:
        report.add_fault("calendar.txt", None, "is missing, and calendar_dates.txt too", "a feed needs one of them")
    if source.size(_FARES_V2):
        report.note(f"fares of the second version ({_FARES_V2}) are not read: only fare_attributes.txt is")
    if execute("SELECT EXISTS (SELECT FROM feed_faulty)").scalar_one() and not report.fault_count:
        skipping.leave_out_faulty(report)
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

    def __init__(self, file: FeedFile, text: io.TextIOWrapper, report: Report, *, skip_faulty: bool) -> None:
        self._file = file
        self._text = text
        self._report = report
        self._skips = skip_faulty and file.name in skipping.SKIPPABLE
        self._faulty_lines: list[int] = []
        self._mended_quotes = 0
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
        skipping.mark_faulty(self._file.name, self._faulty_lines)
        if self._mended_quotes:
            self._note(f"{self._mended_quotes} lines have blanks after a closing quote: they are passed over")
        if self._file.needed and count == 0:
            self._fault(None, "has no rows", "a feed needs some")

    def _header(self) -> list[str] | None:
        try:
            header = next((row for row in self._rows if any(map(str.strip, row))), [])
        except csv.Error as fault:
            self._fault(1, f"is no CSV ({fault})", "write a header of column names")
            return None
        line = self._rows.line_num
        if line > 1 and header:
            self._note("blank lines before the header are passed over")
        header = [name.strip() for name in header]
        wrong = self._find_wrong_format(header)
        if wrong is not None:
            self._fault(line, wrong, "save the file as CSV with commas, in UTF-8")
            return None
        for name in self._file.required:
            if name not in header:
                self._fault(line, f"has no column {name}", "add it")
        for name in self._file.columns:
            if header.count(name) > 1:
                self._fault(line, f"has the column {name} twice", "leave one of them out")
        return header if set(header) & set(self._file.columns) else None

    def _find_wrong_format(self, header: list[str]) -> str | None:
        """Return what else than CSV in UTF-8 the header shows, or None."""
        if any("\0" in name for name in header):
            return "is not in UTF-8, but in UTF-16 or the like"
        for separator, name in _SEPARATORS.items():
            if len(header) == 1 and set(header[0].split(separator)[1:]) & set(self._file.columns):
                return f"separates its values by {name}"
        return None

    def _known_values(self, indexes: list[int], width: int) -> Iterator[list[str]]:
        """Yield the line number and known columns of each row; short rows are filled up, empty ones skipped."""
        line = self._rows.line_num
        try:
            for row in self._rows:
                if any(row):
                    if len(row) != width:
                        if any(row[width:]):
                            self._row_fault(
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
                    self._row_fault(int(line), f"{name} has characters that are no text", "save the file as UTF-8")
        return _NOT_TEXT.sub("?", text)

    def _lines(self) -> Iterator[str]:
        is_first = True
        while line := self._text.readline(_MAX_LINE_LENGTH):
            if len(line) == _MAX_LINE_LENGTH:
                raise csv.Error(f"the line is longer than {_MAX_LINE_LENGTH} characters")
            if is_first and line.startswith(_BYTE_ORDER_MARK):
                line = line.lstrip(_BYTE_ORDER_MARK)
                self._note("a second byte order mark at its beginning is passed over")
            is_first = False
            if '" ' in line or '"\t' in line:
                line, count = _BLANK_AFTER_QUOTE.subn('"', line)
                self._mended_quotes += count > 0
            yield line

    def _row_fault(self, line: int, wrong: str, remedy: str) -> None:
        """Report a fault of one row, or mark the row to be left out."""
        if self._skips:
            self._report.leave_out([Fault(self._file.filename, line, wrong, remedy)])
            self._faulty_lines.append(line)
        else:
            self._fault(line, wrong, remedy)

    def _fault(self, line: int | None, wrong: str, remedy: str) -> None:
        self._report.add_fault(self._file.filename, line, wrong, remedy)

    def _note(self, text: str) -> None:
        self._report.note(f"{self._file.filename}: {text}")
