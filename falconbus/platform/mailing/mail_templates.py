"""The texts of mails, from templates that extend one layout."""

from collections.abc import Mapping

import css_inline
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from falconbus.platform.database import transactions
from falconbus.platform.design import formats
from falconbus.platform.design.brand import Brand
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.mailing.mime import MailTexts

_OWN = "falconbus.platform.mailing"
_FOLDER = "templates/mails"
# The rules for dark screens and phones cannot be written into the elements: they stay in the head.
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


class MailTemplates:
    """A package's templates in templates/mails: NAME.txt and NAME.html, which extend layout.txt and layout.html.

    They all know `formats` and the `known` words; the layout asks for a `title`.
    """

    def __init__(self, package: str, **known: object) -> None:
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader(package, _FOLDER), PackageLoader(_OWN, _FOLDER)]),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(known, formats=formats)

    def render(self, template: str, brand: Brand, values: Mapping[str, object]) -> MailTexts:
        """Fill in both texts of a template, which bear the brand; no transaction is open."""
        transactions.check_outside("a mail's template")
        given = {**values, "brand": brand, "public_url": get_settings().public_url}
        plain = self._environment.get_template(f"{template}.txt").render(given)
        html = _inliner.inline(self._environment.get_template(f"{template}.html").render(given))
        return MailTexts(plain, html)

    def preload(self) -> None:
        """Compile every template of the package, before a process forks."""
        for name in self._environment.list_templates(["txt", "html"]):
            self._environment.get_template(name)
