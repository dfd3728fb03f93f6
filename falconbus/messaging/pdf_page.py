"""An A4 page that takes any name: a font with many letters, words that wrap and shrink, a QR code."""

import unicodedata
from io import BytesIO
from itertools import groupby

import segno
from fpdf import FPDF
from fpdf.enums import MethodReturnValue, RenderStyle
from fpdf.fonts import TTFFont
from PIL import Image

from falconbus.messaging.pdf_fonts import FAMILY, add_fonts, open_programs

WIDTH = 210.0
MARGIN = 18.0
INNER = WIDTH - 2 * MARGIN

INK = (22, 28, 36)
GREY = (92, 101, 114)
LINE = (214, 220, 228)
WHITE = (255, 255, 255)

Colour = tuple[int, int, int]

_MISSING = "□"
_QUIET_ZONE = 4
_SMALLEST = 7.0
# Rows of the code that only touch are drawn with a hairline between them by some viewers.
_OVERLAP = 0.03


class Paper(FPDF):
    """A4, millimetres, no page break but ours."""

    def __init__(self) -> None:
        super().__init__(format="A4", unit="mm")
        add_fonts(self)
        self.set_auto_page_break(auto=False)
        self.set_font(FAMILY, "", 10)
        self.c_margin = 0
        font = self.current_font
        self._letters = frozenset(font.cmap) if isinstance(font, TTFFont) else frozenset()

    def content(self) -> bytes:
        """The written document."""
        open_programs(self)
        return bytes(self.output())

    def can_print(self, words: str) -> bool:
        """The font has every letter."""
        return _MISSING not in self._printable(words)

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
        shown = self._printable(words)
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
        matrix = segno.make_qr(content, error="m").matrix
        module = size / (len(matrix) + 2 * _QUIET_ZONE)
        self.set_fill_color(0, 0, 0)
        for row, modules in enumerate(matrix):
            column = 0
            for dark, run in groupby(modules):
                length = len(list(run))
                if dark:
                    left, top = x + (column + _QUIET_ZONE) * module, y + (row + _QUIET_ZONE) * module
                    self.rect(left, top, length * module, module + _OVERLAP, style=RenderStyle.F)
                column += length

    def _printable(self, words: str) -> str:
        """One line, composed letters, and a box for each letter that the font lacks."""
        line = " ".join(unicodedata.normalize("NFC", words).split())
        shown = (character for character in line if unicodedata.category(character) not in {"Cc", "Cf"})
        return "".join(character if ord(character) in self._letters else _MISSING for character in shown)

    def _wrap(self, words: str, width: float, size: float, *, bold: bool) -> list[str]:
        self.set_font(FAMILY, "B" if bold else "", size)
        if self.get_string_width(words) <= width:
            return [words]
        found = self.multi_cell(width, text=words, align="L", dry_run=True, output=MethodReturnValue.LINES)
        return [str(line) for line in found] if isinstance(found, list) else [words]

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
