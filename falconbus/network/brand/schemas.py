"""Shapes of the brand."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from flask import request
from pydantic import Field, StringConstraints

from falconbus.network.brand.errors import BadLogo
from falconbus.platform.design.brand import Brand
from falconbus.platform.kit.fields import Change, Email, Phone, Website, Words, left_out
from falconbus.platform.kit.schema import Name, OneLine
from falconbus.platform.web import problems

_LARGEST_LOGO = 2 * 1024**2

Colour = Annotated[OneLine, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True), Field(examples=["#0b5fff"])]
Imprint = Annotated[Words, StringConstraints(min_length=1, max_length=2000)]


class BrandOut(msgspec.Struct):
    """The brand; `logo_url` is a path on this host."""

    name: str
    colour: str
    support_email: str | None
    support_phone: str | None
    website: str | None
    imprint: str | None
    logo_url: str | None

    @classmethod
    def of(cls, brand: Brand) -> "BrandOut":
        """Return the shape of a brand."""
        return cls(
            name=brand.name,
            colour=brand.colour,
            support_email=brand.support_email,
            support_phone=brand.support_phone,
            website=brand.website,
            imprint=brand.imprint,
            logo_url=brand.logo_path,
        )


class BrandChange(Change):
    """The brand's new sides; null empties one."""

    name: Name | None = Field(default_factory=left_out)
    colour: Colour | None = Field(default_factory=left_out)
    support_email: Email | None = Field(default_factory=left_out)
    support_phone: Phone | None = Field(default_factory=left_out)
    website: Website | None = Field(default_factory=left_out)
    imprint: Imprint | None = Field(default_factory=left_out)


class LogoUpload:
    """A picture as a body: the view's argument `content`."""

    content: Mapping[str, Any] = {
        media_type: {"schema": {"type": "string", "format": "binary", "description": "The logo, 2 MB at most"}}
        for media_type in ("image/png", "image/jpeg")
    }

    def read(self) -> dict[str, Any]:
        """Read the body; UnsupportedMediaType, BadLogo."""
        request.max_content_length = _LARGEST_LOGO
        if request.mimetype not in self.content:
            raise problems.UnsupportedMediaType("send the logo as image/png or image/jpeg")
        content = request.get_data()
        if not content:
            raise BadLogo("the body is empty")
        return {"content": content}
