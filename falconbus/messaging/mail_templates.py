"""The texts of mails, from the templates in templates/mails: NAME.txt and NAME.html."""

from collections.abc import Mapping

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from falconbus.messaging.trip_summary import trip
from falconbus.platform.design import formats
from falconbus.platform.mailing.mime import MailTexts

_environment = Environment(
    loader=PackageLoader("falconbus.messaging", "templates/mails"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(formats=formats, trip=trip)
# The rules for dark screens and phones cannot be written into the elements: they stay in the head.
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def render(template: str, values: Mapping[str, object]) -> MailTexts:
    """Fill in both texts of a template."""
    plain = _environment.get_template(f"{template}.txt").render(values)
    html = _inliner.inline(_environment.get_template(f"{template}.html").render(values))
    return MailTexts(plain, html)
