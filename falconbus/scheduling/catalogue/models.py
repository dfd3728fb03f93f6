"""Table of services."""

from sqlalchemy import Boolean, CheckConstraint, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model


class Service(Model):
    """A service that charters can include. Charters have copies of it (AppointmentItem), so it may change."""

    __tablename__ = "services"
    __table_args__ = (
        CheckConstraint("duration_minutes >= 0", name="duration"),
        CheckConstraint("price >= 0", name="price"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    description: Mapped[str] = mapped_column(Text, server_default="", default="")
    duration_minutes: Mapped[int] = mapped_column(Integer)
    #: In the smallest unit.
    price: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    #: False once new charters cannot include it.
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), default=True)
