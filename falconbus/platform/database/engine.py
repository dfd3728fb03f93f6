"""SQLAlchemy: the base of every table, and the session; bound to an app by create_app()."""

from typing import Any, TypeAlias

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, Row, Select
from sqlalchemy.orm import DeclarativeBase

from falconbus.platform.database.session import Session


class Model(DeclarativeBase):
    """The base of every table; constraints are named by rule so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


#: A select of whatever columns, and a row of them.
AnySelect: TypeAlias = Select[*tuple[Any, ...]]
AnyRow: TypeAlias = Row[*tuple[Any, ...]]

db = SQLAlchemy(
    model_class=Model, disable_autonaming=True, session_options={"class_": Session, "expire_on_commit": False}
)
