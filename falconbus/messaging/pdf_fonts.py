"""The fonts of a PDF: parsed once a process, which takes ten times as long as using them, and copied for each document.

A copy owns what making a PDF changes: which letters are used, and the font program, of which those are kept. Letters
that the main font lacks come from a font of their script, which is parsed when the first of them is written.
"""

import unicodedata
from collections.abc import Container
from copy import copy
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import uharfbuzz as hb
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import SubsetMap, TTFFont

_FOLDER = Path(__file__).parent / "fonts"
#: What a program has no use for inside a PDF, which has its own names, map and metrics (ISO 32000-1, 9.9).
_UNUSED_TABLES = ("GSUB", "GPOS", "GDEF", "BASE", "cmap", "name", "post", "OS/2", "gasp", "MATH")
_MISSING = "□"
#: They say whether their neighbours are joined, in scripts that join letters (Unicode 23.2).
_JOINERS = "\u200c\u200d"


class PrintLine(NamedTuple):
    """Words as they are printed, with a box for each letter that no font has, and the fonts of scripts among them."""

    words: str
    fonts: list[TTFFont]

    @property
    def lacks_letters(self) -> bool:
        return _MISSING in self.words


class _Family(NamedTuple):
    """A font for the letters of `ranges`."""

    name: str
    ranges: tuple[range, ...]
    plain: Path
    bold: Path | None = None
    #: Which of the fonts of a collection.
    number: int = 0


def _noto(script: str, *ranges: range) -> _Family:
    name = f"NotoSans{script}"
    return _Family(name.lower(), ranges, _FOLDER / f"{name}-Regular.ttf", _FOLDER / f"{name}-Bold.ttf")


def _east_asian() -> tuple[_Family, ...]:
    """The font of the extra `cjk`, where it is installed; its third one draws as in China, and has kana and Hangul."""
    package = find_spec("noto_cjk_sans_otc")
    if package is None or package.origin is None:
        return ()
    ranges = (range(0x1100, 0x1200), range(0x2E80, 0xD800), range(0xF900, 0xFB00), range(0xFE30, 0xFE50),
              range(0xFF00, 0xFFF0), range(0x20000, 0x40000))  # fmt: skip
    return (_Family("notocjk", ranges, Path(package.origin).parent / "NotoSansCJK-Regular.ttc", number=2),)


_MAIN = _Family("dejavu", (), _FOLDER / "DejaVuSans.ttf", _FOLDER / "DejaVuSans-Bold.ttf")
FAMILY = _MAIN.name
_OF_SCRIPTS = (
    _noto("Hebrew", range(0x590, 0x600), range(0xFB1D, 0xFB50)),
    _noto("Arabic", range(0x600, 0x700), range(0x750, 0x780), range(0x8A0, 0x900), range(0xFB50, 0xFE00),
          range(0xFE70, 0xFF00)),
    _noto("Devanagari", range(0x900, 0x980), range(0x1CD0, 0x1D00), range(0xA8E0, 0xA900)),
    _noto("Thai", range(0xE00, 0xE80)),
    *_east_asian(),
)  # fmt: skip


def main_font(style: str) -> TTFFont:
    """Parse the font of all documents."""
    return _parse(_MAIN, style)


def print_line(words: str, style: str) -> PrintLine:
    """Choose the fonts of words, which are composed and put on one line."""
    main = main_font(style).cmap
    line = " ".join(unicodedata.normalize("NFC", words).split())
    found = {letter: _find_font(ord(letter), style) for letter in line if ord(letter) not in main}
    fonts = list({font.fontkey: font for font in found.values() if font is not None}.values())
    return PrintLine("".join(_shown(letter, main, fonts) for letter in line), fonts)


def _shown(letter: str, main: Container[int], fonts: list[TTFFont]) -> str:
    code = ord(letter)
    if unicodedata.category(letter) in {"Cc", "Cf"}:
        return letter if letter in _JOINERS and any(code in font.cmap for font in fonts) else ""
    return letter if code in main or any(code in font.cmap for font in fonts) else _MISSING


def _find_font(code: int, style: str) -> TTFFont | None:
    """Parse the font of a letter's script; None when no font has the letter."""
    for family in _OF_SCRIPTS:
        if any(code in each for each in family.ranges):
            font = _parse(family, style if family.bold else "")
            return font if code in font.cmap else None
    return None


def add_font(paper: FPDF, parsed: TTFFont) -> None:
    """Let a document write in a font: in a copy, since what was parsed is never written in."""
    if parsed.fontkey in paper.fonts:
        return
    font = copy(parsed)
    font.i = len(paper.fonts) + 1
    font.desc = copy(parsed.desc)
    font.missing_glyphs = []
    font.biggest_size_pt = 0
    font.subset = SubsetMap(font)
    paper.fonts[font.fontkey] = font


def keep_used_letters(paper: FPDF) -> None:
    """Give each font of a written document a program of the letters that are in it.

    fpdf would reduce the whole one by itself, at several times the cost of all else.
    """
    for font in paper.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont = _reduced(font)


@cache
def _parse(family: _Family, style: str) -> TTFFont:
    paper = FPDF()
    file = family.bold if style == "B" else family.plain
    paper.add_font(family.name, style, file, collection_font_number=family.number)
    font = paper.fonts[family.name + style]
    assert isinstance(font, TTFFont)  # noqa: S101 - for the type only
    if family is _MAIN:
        # Joiners are written in the font of what they join.
        font.cmap = {code: glyph for code, glyph in font.cmap.items() if chr(code) not in _JOINERS}
    font.ttfont.getReverseGlyphMap()
    font.ttfont.close()
    # Its file is mapped, so that all processes share it.
    _ = font.hbfont
    return font


def _reduced(font: TTFFont) -> TTFont:
    wanted = hb.SubsetInput()
    wanted.flags = hb.SubsetFlags.NOTDEF_OUTLINE | hb.SubsetFlags.NO_LAYOUT_CLOSURE | hb.SubsetFlags.NO_HINTING
    wanted.glyph_set.update(font.ttfont.getGlyphID(name) for name in font.subset.get_all_glyph_names())
    wanted.drop_table_tag_set.update(int.from_bytes(tag.encode(), "big") for tag in _UNUSED_TABLES)
    plan = hb.SubsetPlan(font.hbfont.face, wanted)
    names = [font.ttfont.getGlyphName(old) for _, old in sorted(dict(plan.new_to_old_glyph_mapping).items())]
    # Boxes that are a little too large are not worth the time.
    reduced = TTFont(BytesIO(plan.execute().blob.data), recalcTimestamp=False, recalcBBoxes=False, lazy=True)
    reduced.setGlyphOrder(names)
    return reduced
