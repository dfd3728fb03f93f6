"""The table of the brand: one row, whose empty columns are told by defaults."""

from sqlalchemy import CheckConstraint, LargeBinary, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model

#: The key of the one row.
THE_ROW = 1


class BrandRow(Model):
    """The brand. `logo` is a PNG; `logo_hash` (hexadecimal) changes with it, and so does its address."""

    __tablename__ = "brand"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("colour ~ '^#[0-9a-f]{6}$'", name="colour"),
        CheckConstraint("(logo IS NULL) = (logo_hash IS NULL)", name="logo"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str | None] = mapped_column(String(100))
    colour: Mapped[str | None] = mapped_column(String(7))
    support_email: Mapped[str | None] = mapped_column(String(254))
    support_phone: Mapped[str | None] = mapped_column(String(31))
    website: Mapped[str | None] = mapped_column(String(200))
    imprint: Mapped[str | None] = mapped_column(Text)
    logo: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    logo_hash: Mapped[str | None] = mapped_column(String(16))
