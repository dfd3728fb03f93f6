"""The brand over the API, its logo, and the stylesheet of its colour."""

from flask import Blueprint

from falconbus.network.brand import service
from falconbus.network.brand.errors import BadLogo, LogoNotFound
from falconbus.network.brand.schemas import BrandChange, BrandOut, LogoUpload
from falconbus.network.cache_groups import BRAND
from falconbus.network.permissions import CHANGE_BRAND
from falconbus.platform.design.brand import get_brand
from falconbus.platform.web.declarations import PUBLIC, Media
from falconbus.platform.web.operations import operation

bp = Blueprint("brand", __name__)

# Its address changes with what it holds.
_FOR_LONG = {"Cache-Control": "public, max-age=31536000"}
_STYLE_SHEET = Media("text/css", {"Cache-Control": "public, max-age=600"})
_STYLE = """:root {{ --brand: {strong}; --link: {strong}; }}
@media (prefers-color-scheme: dark) {{ :root {{ --link: {link_on_dark}; }} }}
"""


@operation(bp.get("/api/v1/brand"), who=PUBLIC, gives={200: BrandOut}, cached=BRAND, budget=1)
def show_brand() -> BrandOut:
    """What the line is called and looks like, and whom to ask."""
    return BrandOut.of(service.get_brand())


@operation(bp.patch("/api/v1/brand"), who=CHANGE_BRAND, takes=BrandChange, gives={200: BrandOut}, budget=6)
def change_brand(body: BrandChange) -> BrandOut:
    """Change the brand: what is left out stays, null empties a side."""
    return BrandOut.of(service.change_brand(body.changes()))


@operation(
    bp.get("/api/v1/brand/logo"),
    who=PUBLIC,
    gives={200: Media("image/png", _FOR_LONG)},
    refuses=(LogoNotFound,),
    counted=False,
    budget=1,
)
def show_logo() -> bytes:
    """The logo, a PNG."""
    return service.get_logo()


@operation(
    bp.put("/api/v1/brand/logo"),
    who=CHANGE_BRAND,
    takes=LogoUpload(),
    gives={200: BrandOut},
    refuses=(BadLogo,),
    budget=7,
)
def change_logo(content: bytes) -> BrandOut:
    """Take a picture as the logo; it is fitted into 640 x 200 pixels."""
    return BrandOut.of(service.change_logo(content))


@operation(bp.delete("/api/v1/brand/logo"), who=CHANGE_BRAND, gives={204: None}, budget=7)
def remove_logo() -> None:
    """Have no logo."""
    service.remove_logo()


@operation(
    bp.get("/brand.css"),
    who=PUBLIC,
    gives={200: _STYLE_SHEET},
    counted=False,
    budget=1,
)
def show_style() -> bytes:
    """The colour of the brand as a stylesheet, readable in light and dark."""
    brand = get_brand()
    return _STYLE.format(strong=brand.strong, link_on_dark=brand.link_on_dark).encode()
