"""An A4 page that takes any name: fonts of many scripts, words that wrap and shrink, a QR code."""

import unicodedata
from io import BytesIO
from itertools import groupby
from typing import Any

import zxingcpp
from fpdf import FPDF
from fpdf.enums import RenderStyle
from PIL import Image

from falconbus.messaging.pdf_fonts import FAMILY, add_font, keep_used_letters, main_font, print_line

WIDTH = 210.0
MARGIN = 18.0
INNER = WIDTH - 2 * MARGIN

INK = (22, 28, 36)
GREY = (92, 101, 114)
LINE = (214, 220, 228)
WHITE = (255, 255, 255)

Colour = tuple[int, int, int]

_QUIET_ZONE = 4
_BLACK = 0
_SMALLEST = 7.0
# Rows of the code that only touch are drawn with a hairline between them by some viewers.
_OVERLAP = 0.03


class Paper(FPDF):
    """A4, millimetres, no page break but ours."""

    def __init__(self) -> None:
        super().__init__(format="A4", unit="mm")
        for style in ("", "B"):
            add_font(self, main_font(style))
        self.set_auto_page_break(auto=False)
        self.set_font(FAMILY, "", 10)
        self.c_margin = 0

    def content(self) -> bytes:
        """The written document."""
        keep_used_letters(self)
        return bytes(self.output())

    def words(
        self,
        words: str,
        at: tuple[float, float],
        width: float,
        size: float,
        *,
        bold: bool = False,
        colour: Colour = INK,
        lines: int = 1,
        align: str = "L",
    ) -> float:
        """Write into a box of `width` and at most `lines`, smaller until it fits, else cut; the y below the last line.

        Sizes are points, places and widths millimetres.
        """
        shown = self._ready(words, "B" if bold else "")
        self.set_text_color(*colour)
        found = self._wrap(shown, width, size, bold=bold)
        while len(found) > lines and size > _SMALLEST:
            size = max(_SMALLEST, size - 1)
            found = self._wrap(shown, width, size, bold=bold)
        if len(found) > lines:
            found = self._cut(found[:lines], width)
        height = size * 0.3528 * 1.25
        for number, line in enumerate(found):
            self.set_xy(at[0], at[1] + number * height)
            self.cell(width, height, line, align=align)
        return at[1] + len(found) * height

    def logo(self, png: bytes, at: tuple[float, float], box: tuple[float, float]) -> None:
        """Draw a picture on white, as large as fits into the box."""
        picture = Image.open(BytesIO(png))
        scale = min(box[0] / picture.width, box[1] / picture.height)
        width, height = picture.width * scale, picture.height * scale
        self.set_fill_color(*WHITE)
        self.rect(at[0], at[1], width + 2, height + 2, style="F", round_corners=True, corner_radius=1)
        self.image(picture, at[0] + 1, at[1] + 1, width, height)

    def rule(self, y: float) -> None:
        """A thin line across the page."""
        self.set_draw_color(*LINE)
        self.set_line_width(0.3)
        self.line(MARGIN, y, WIDTH - MARGIN, y)

    def qr_code(self, content: str, x: float, y: float, size: float) -> None:
        """A QR code (ISO/IEC 18004) of `size` millimetres, its quiet zone included, drawn as rectangles."""
        code = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
        image: Any = code.to_image(scale=1, add_quiet_zones=False)
        matrix: Any = memoryview(image).tolist()
        module = size / (len(matrix) + 2 * _QUIET_ZONE)
        self.set_fill_color(0, 0, 0)
        for row, modules in enumerate(matrix):
            column = 0
            for shade, run in groupby(modules):
                length = len(list(run))
                if shade == _BLACK:
                    left, top = x + (column + _QUIET_ZONE) * module, y + (row + _QUIET_ZONE) * module
                    self.rect(left, top, length * module, module + _OVERLAP, style=RenderStyle.F)
                column += length

    def _ready(self, words: str, style: str) -> str:
        """Make ready for words: add the fonts of their scripts, and shape them if there are any."""
        line = print_line(words, style)
        for font in line.fonts:
            add_font(self, font)
        self.set_fallback_fonts([font.fontkey.removesuffix("B") for font in line.fonts], exact_match=False)
        self.set_text_shaping(use_shaping_engine=bool(line.fonts))
        return line.words

    def _wrap(self, words: str, width: float, size: float, *, bold: bool) -> list[str]:
        self.set_font(FAMILY, "B" if bold else "", size)
        if self.get_string_width(words) <= width:
            return [words]
        lines, line = list[str](), ""
        for word in words.split(" "):
            longer = f"{line} {word}" if line else word
            if self.get_string_width(longer) <= width:
                line = longer
                continue
            *full, line = [*([line] if line else []), *self._broken(word, width)]
            lines += full
        return [*lines, line]

    def _broken(self, word: str, width: float) -> list[str]:
        """A word in as many pieces as it takes, none of which begins with a mark on the letter before."""
        if self.get_string_width(word) <= width:
            return [word]
        pieces, piece = list[str](), ""
        for letter in word:
            is_mark = unicodedata.category(letter).startswith("M")
            if piece and not is_mark and self.get_string_width(piece + letter) > width:
                pieces.append(piece)
                piece = ""
            piece += letter
        return [*pieces, piece]

    def _cut(self, lines: list[str], width: float) -> list[str]:
        last = lines[-1].rstrip()
        while last and self.get_string_width(f"{last}…") > width:
            last = last[:-1].rstrip()
        return [*lines[:-1], f"{last}…"]


def make_sample() -> bytes:
    """A page of each thing that can be on one."""
    paper = Paper()
    paper.add_page()
    paper.words("Preloaded " * 12, (MARGIN, MARGIN), INNER, 10, lines=2)
    paper.words("Preloaded", (MARGIN, 2 * MARGIN), INNER, 10, bold=True)
    paper.qr_code("PRELOADED", MARGIN, 3 * MARGIN, MARGIN)
    return paper.content()
