"""The fonts of a PDF: parsed once a process, which takes ten times as long as using them, and copied for each document.

A copy owns what making a PDF changes: which letters are used, and the font program, of which those are kept.
"""

from collections.abc import Iterable
from copy import copy
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, cast

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import SubsetMap, TTFFont

FAMILY = "DejaVu"
_FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
_FOLDER = Path(__file__).parent / "fonts"
#: Latin letters and the signs that go with them: a sixth of the letters, which most documents need no more than.
_LATIN = frozenset([*range(0x20, 0x180), *range(0x2010, 0x2040), 0x20AC, 0x25A1])


class _Program(NamedTuple):
    """What is embedded in a PDF, less the letters that it has no use for."""

    content: bytes
    glyph_order: tuple[str, ...]

    def open(self) -> TTFont:
        # Boxes that are a little too large are not worth a third of the time.
        font = TTFont(BytesIO(self.content), recalcTimestamp=False, recalcBBoxes=False, lazy=True)
        font.setGlyphOrder(list(self.glyph_order))
        return font


class _Parsed(NamedTuple):
    """A font as fpdf reads it, with its programs, the smallest first."""

    font: TTFFont
    programs: tuple[_Program, ...]


@cache
def parsed_fonts() -> tuple[_Parsed, ...]:
    """Parse the fonts; what it returns is never written in."""
    return tuple(_parse(style, _FOLDER / file) for style, file in _FILES.items())


def add_fonts(paper: FPDF) -> None:
    """Let a document write in the family, plain and bold."""
    for number, parsed in enumerate(parsed_fonts(), 1):
        font = copy(parsed.font)
        font.i = number
        font.desc = copy(parsed.font.desc)
        font.missing_glyphs = []
        font.biggest_size_pt = 0
        font.subset = SubsetMap(font)
        paper.fonts[font.fontkey] = font


def open_programs(paper: FPDF) -> None:
    """Give each font of a written document the smallest program that has its letters."""
    for parsed in parsed_fonts():
        font = cast(TTFFont, paper.fonts[parsed.font.fontkey])
        letters = set(font.subset.get_all_glyph_names())
        font.ttfont = next(each for each in parsed.programs if letters <= set(each.glyph_order)).open()


def _parse(style: str, path: Path) -> _Parsed:
    paper = FPDF()
    paper.add_font(FAMILY, style, path)
    font = cast(TTFFont, next(iter(paper.fonts.values())))
    whole = _Program(path.read_bytes(), tuple(font.ttfont.getGlyphOrder()))
    font.ttfont.close()
    latin = _part(whole, [font.cmap[code] for code in _LATIN & font.cmap.keys()])
    return _Parsed(font, (latin, whole))


def _part(program: _Program, glyphs: Iterable[str]) -> _Program:
    font, content = program.open(), BytesIO()
    subsetter = Subsetter(Options(notdef_outline=True, recommended_glyphs=True))
    subsetter.populate(glyphs=glyphs)
    subsetter.subset(font)
    font.save(content)
    return _Program(content.getvalue(), tuple(font.getGlyphOrder()))
