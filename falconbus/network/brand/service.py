"""Use cases of the brand: shown everywhere, changed by admins, filled from the first feed."""

from email.utils import parseaddr
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from falconbus.accounts import audit
from falconbus.network import cache_tags
from falconbus.network.brand.errors import LogoNotFound
from falconbus.network.brand.logo import Logo, read_logo
from falconbus.network.brand.models import THE_ROW, BrandRow
from falconbus.network.cache_groups import BRAND
from falconbus.network.service import Changes, change
from falconbus.platform.caching.response_cache import memoized
from falconbus.platform.database.engine import db
from falconbus.platform.design.brand import Brand
from falconbus.platform.kit.settings import get_settings

_SHOWN = ("name", "colour", "support_email", "support_phone", "website", "imprint", "logo_hash")


def get_brand() -> Brand:
    """Return the brand, memoized in this process until it changes."""
    return memoized(BRAND, "brand", [cache_tags.BRAND], _read)


def change_brand(changes: Changes) -> Brand:
    """Change some sides of the brand; None empties one."""
    row = _lock()
    change(row, changes)
    return _brand_of(row)


def change_logo(content: bytes) -> Brand:
    """Take a PNG or a JPEG as the logo; BadLogo."""
    return _brand_of(_keep(read_logo(content)))


def remove_logo() -> None:
    """Have no logo; nothing happens without one."""
    _keep(None)


def get_logo() -> bytes:
    """Return the logo, a PNG; LogoNotFound."""
    logo = db.session.scalars(select(BrandRow.logo)).one_or_none()
    if logo is None:
        raise LogoNotFound
    return logo


def fill(values: Changes) -> None:
    """Set those sides of the brand that are empty, unless it has a name: what the first feed's agency says."""
    row = _lock()
    if row.name is not None:
        return
    change(row, {name: value for name, value in values.items() if value and getattr(row, name) is None})


def _keep(logo: Logo | None) -> BrandRow:
    row = _lock()
    row.logo, row.logo_hash = (logo.png, logo.hash) if logo else (None, None)
    audit.record("change", "brand", row.id, logo_hash=row.logo_hash)
    return row


def _lock() -> BrandRow:
    db.session.execute(insert(BrandRow).values(id=THE_ROW).on_conflict_do_nothing())
    locked = select(BrandRow).with_for_update()
    return db.session.scalars(locked.execution_options(populate_existing=True)).one()


def _read() -> Brand:
    row = db.session.execute(select(*(getattr(BrandRow, name) for name in _SHOWN))).one_or_none()
    return _brand_of(row)


def _brand_of(row: Any) -> Brand:
    values = {name: getattr(row, name, None) for name in _SHOWN}
    values["name"] = values["name"] or parseaddr(get_settings().mail_from)[0]
    return Brand.of(**values)
