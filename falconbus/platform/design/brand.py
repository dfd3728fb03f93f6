"""The brand that pages, mails and tickets bear; the feature that keeps it hands down how it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from falconbus.platform.design import colours

_NAME, _COLOUR = "FalconBus", "#0b4f94"
#: The dark ground of cards, on which links are read (falconbus.css).
_DARK_GROUND = "#1a212b"


@dataclass(frozen=True, kw_only=True, slots=True)
class Brand:
    """What a line is called and looks like; `colour` is given, and `strong` what white text can be read on."""

    name: str = _NAME
    colour: str = _COLOUR
    support_email: str | None = None
    support_phone: str | None = None
    website: str | None = None
    imprint: str | None = None
    logo_hash: str | None = None

    @classmethod
    def of(cls, *, name: str | None, colour: str | None, **others: Any) -> "Brand":
        """Return a brand; without a name or a colour it has the product's own."""
        return cls(name=name or _NAME, colour=colour or _COLOUR, **others)

    @property
    def strong(self) -> str:
        """Return the colour of bars and buttons, under white text."""
        return colours.under_white(self.colour)

    @property
    def link_on_dark(self) -> str:
        """Return the colour of links on a dark ground."""
        return colours.readable_on(self.colour, _DARK_GROUND)

    @property
    def logo_path(self) -> str | None:
        """Return where the logo is, below the public address; None without one."""
        return f"/api/v1/brand/logo?v={self.logo_hash}" if self.logo_hash else None

    @property
    def style_path(self) -> str | None:
        """Return where the stylesheet of the colour is; None while it is the product's own."""
        return None if self.colour == _COLOUR else f"/brand.css?v={self.colour[1:]}"

    @property
    def contact(self) -> str:
        """Return whom to ask, in one line; empty when nobody is named."""
        return " · ".join(part for part in (self.support_phone, self.support_email, self.website) if part)


_loader: Callable[[], Brand] = Brand


def register_loader(loader: Callable[[], Brand]) -> None:
    """Have the brand read by this function; called when the app is made."""
    global _loader  # noqa: PLW0603  one a process, as the registers of jobs and kinds are
    _loader = loader


def get_brand() -> Brand:
    """Return the brand as it is now."""
    return _loader()
