"""Every kind of mail has a name of its own that the table can hold, and is known to who sends."""

import sys
from collections import Counter
from pathlib import Path
from typing import cast

from sqlalchemy import String

from falconbus.app import FalconBus
from falconbus.platform.mailing import kinds
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.mailing.models import Mail
from falconbus.registry import FEATURES

KINDS = [kind for feature in FEATURES for kind in feature.mail_kinds]
SOURCES = Path(__file__).parents[2] / "falconbus"


def test_every_kind_has_a_name_of_its_own_that_fits() -> None:
    assert KINDS
    assert not [name for name, count in Counter(kind.name for kind in KINDS).items() if count > 1]
    longest = cast(String, Mail.__table__.c.kind.type).length
    assert longest
    assert all(len(kind.name) <= longest for kind in KINDS)


def test_every_kind_is_registered(app: FalconBus) -> None:
    assert set(KINDS) <= set(kinds.registered())


def test_every_kind_that_is_made_is_brought_by_a_feature() -> None:
    ours = [module for name, module in sys.modules.items() if name.startswith("falconbus.")]
    assert {one for module in ours for one in vars(module).values() if isinstance(one, MailKind)} == set(KINDS)


def test_every_template_of_a_mail_has_both_texts() -> None:
    """Those of a whole mail, which extend a layout; what they import may be for one text alone."""
    paths = SOURCES.rglob("templates/mails/*.*")
    names = {path.relative_to(SOURCES) for path in paths if path.read_text().startswith("{% extends")}
    assert names
    assert {name.with_suffix("") for name in names if name.suffix == ".txt"} == {
        name.with_suffix("") for name in names if name.suffix == ".html"
    }
