"""What the PDF's fonts rely on in fpdf2 and fontTools; these fail when a library changes it."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

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
    for style in ("", "B"):
        font = pdf_fonts.main_font(style)
        assert len(font.subset) == 2
        assert not hasattr(font.desc, "font_file2") or font.desc.font_file2 is None


def test_documents_are_written_side_by_side() -> None:
    expected = {words: write(words) for words in ("abc", "Юлия", "محمد علي", "Ελλάδα", "राजेश")}
    with ThreadPoolExecutor(4) as pool:
        jobs = [(words, pool.submit(write, words)) for words in list(expected) * 8]
        assert all(job.result() == expected[words] for words, job in jobs)


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        # From left to right: the last letter as at an end, the two as between others, the first as at a beginning.
        ("محمد", ["uniFEAA", "uniFEE4", "uniFEA4", "uniFEE3"]),
        ("שרה", ["uni05D4", "uni05E8", "uni05E9"]),
        # Three letters joined in one, and a vowel.
        ("श्री", ["glyph00294", "uni0940"]),
    ],
)
def test_letters_are_joined_and_run_as_their_script_does(name: str, drawn: list[str]) -> None:
    paper = Paper()
    paper.add_page()
    paper.words(name, (20, 20), 150, 12)
    (font,) = [font for key, font in paper.fonts.items() if key.startswith("noto")]
    assert isinstance(font, TTFFont)
    assert [glyph for glyph in font.subset.get_all_glyph_names() if glyph not in {".notdef", "space"}] == drawn


def test_a_document_embeds_the_letters_that_are_in_it_and_no_fonts_that_are_not() -> None:
    for words, fonts in (("abc", 2), ("abc محمد", 4)):
        content = write(words)
        assert len(content) < 12_000
        assert content.count(b"/FontFile2") == fonts


def test_fonts_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    write("abc")
    monkeypatch.setattr(TTFFont, "__init__", lambda *_: pytest.fail("a font was parsed again"))
    assert write("abc") == write("abc")
