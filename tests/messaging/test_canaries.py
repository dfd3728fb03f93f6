"""What the PDF's fonts rely on in fpdf2 and fontTools; these fail when a library changes it."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF
from fpdf.fonts import TTFFont
from pypdf import PdfReader

from falconbus.messaging import pdf_fonts
from falconbus.messaging.pdf_page import Paper

FONTS = Path(pdf_fonts.__file__).parent / "fonts"


def write(words: str) -> bytes:
    paper = Paper()
    paper.set_creation_date(datetime(2027, 12, 18, tzinfo=UTC))
    paper.add_page()
    paper.words(words, (20, 20), 150, 12)
    paper.words(words, (20, 40), 150, 12, bold=True)
    return paper.content()


@pytest.mark.parametrize("words", ["Zoë Ångström", "Юлия Щербакова", "Nguyễn Thị Hồng"])
def test_a_copied_font_prints_what_a_parsed_one_does(words: str) -> None:
    plain = FPDF(format="A4")
    plain.add_font(pdf_fonts.FAMILY, "", FONTS / "DejaVuSans.ttf")
    plain.add_page()
    plain.set_font(pdf_fonts.FAMILY, "", 12)
    plain.cell(text=words)
    expected = PdfReader(io.BytesIO(bytes(plain.output()))).pages[0].extract_text().strip()
    found = PdfReader(io.BytesIO(write(words))).pages[0].extract_text().split("\n")
    assert {line.strip() for line in found} == {expected}


def test_a_document_leaves_no_letter_in_the_next_one() -> None:
    alone = write("abc")
    write("xyz Юлия")
    assert write("abc") == alone
    for parsed in pdf_fonts.parsed_fonts():
        assert len(parsed.font.subset) == 2
        assert not hasattr(parsed.font.desc, "font_file2") or parsed.font.desc.font_file2 is None


def test_documents_are_written_side_by_side() -> None:
    expected = {words: write(words) for words in ("abc", "Юлия", "xyz", "Ελλάδα")}
    with ThreadPoolExecutor(4) as pool:
        jobs = [(words, pool.submit(write, words)) for words in list(expected) * 8]
        assert all(job.result() == expected[words] for words, job in jobs)


def test_latin_documents_use_the_small_program(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    program = pdf_fonts._Program  # noqa: SLF001
    real = program.open

    def note(self: Any) -> Any:
        opened.append(len(self.glyph_order))
        return real(self)

    monkeypatch.setattr(program, "open", note)
    write("Łukasz Ångström")
    write("Юлия")
    assert max(opened[:2]) < 500
    assert min(opened[2:]) > 2000


def test_fonts_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    write("abc")
    monkeypatch.setattr(TTFFont, "__init__", lambda *_: pytest.fail("a font was parsed again"))
    assert write("abc") == write("abc")
