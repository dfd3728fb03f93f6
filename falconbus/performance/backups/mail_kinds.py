"""The mail to administrators about backups in trouble."""

from dataclasses import dataclass

from falconbus.accounts.models import User
from falconbus.platform.backups.reports import last_report
from falconbus.platform.backups.status import Status
from falconbus.platform.database.engine import db
from falconbus.platform.design.brand import Brand, get_brand
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.mailing.mail_templates import MailTemplates
from falconbus.platform.mailing.mime import MailContent

_TEMPLATES = MailTemplates("falconbus.performance.backups")
_TITLE = "The backups need you"


@dataclass(frozen=True)
class _Trouble:
    brand: Brand
    status: Status


def _read(user_id: int, _sequence: int) -> _Trouble | None:
    """Return how it stands; None when it is well again."""
    found = last_report()
    if found is None or not found.trouble or db.session.get(User, user_id) is None:
        return None
    return _Trouble(get_brand(), found)


def _render(trouble: _Trouble) -> MailContent:
    values = {"title": _TITLE, "status": trouble.status}
    return MailContent(subject=_TITLE, texts=_TEMPLATES.render("backup_trouble", trouble.brand, values))


TROUBLE = MailKind("backups.trouble", _read, _render, once=False)
MAIL_KINDS = (TROUBLE,)
