"""The logo as it is kept: a PNG made anew from what was uploaded, small, with nothing in it but the picture."""

import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from falconbus.network.brand.errors import BadLogo

#: Pixels: what a logo may have when it is uploaded, and the box into which it is fitted.
_MOST_PIXELS = 16_000_000
_BOX = (640, 200)


@dataclass(frozen=True, slots=True)
class Logo:
    """A PNG and a short hash of it (16 hexadecimal digits)."""

    png: bytes
    hash: str


def read_logo(content: bytes) -> Logo:
    """Return an uploaded PNG or JPEG as it is kept; BadLogo."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise BadLogo(f"the picture has more than {_MOST_PIXELS // 1_000_000} million pixels")
                picture = image.convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise BadLogo from None
    except (OSError, SyntaxError, ValueError):
        # What Pillow raises for a file that is cut short or broken inside.
        raise BadLogo from None
    picture.thumbnail(_BOX)
    kept = BytesIO()
    picture.save(kept, "PNG", optimize=True)
    png = kept.getvalue()
    return Logo(png, hashlib.blake2b(png, digest_size=8).hexdigest())
