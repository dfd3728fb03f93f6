"""Pages: a blueprint that tells what was done after a redirect, says no in words, and keeps what it shows private.

Its views draw with Flask's `render_template` on a template that extends `base.html`; its templates find `notice`,
`signed_in`, `navigation`, `csrf_field` and `settings`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import flask
from flask import Blueprint, Flask, Response, current_app, redirect, request, url_for
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from falconbus.platform.design.brand import Brand, get_brand
from falconbus.platform.web import identity
from falconbus.platform.web.identity import Identity
from falconbus.platform.web.navigation import NavigationItem
from falconbus.platform.web.problems import Problem

#: From a problem's code to a heading and what to do.
Headings = Mapping[str, tuple[str, str]]


class Link(NamedTuple):
    """Where a page leads, and its words."""

    address: str
    words: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What a page says of the form that led to it: something was done or, `is_problem`, was not."""

    words: str
    is_problem: bool = False

    @property
    def parameter(self) -> str:
        """Return the name under which an address bears the notice's code."""
        return "problem" if self.is_problem else "notice"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusals:
    """How a blueprint says no: words that come before those all pages share, a template, one next step.

    The template is given `heading`, `words`, `link` (of `way_out`, or None) and `problem`.
    """

    headings: Headings = field(default_factory=dict)
    template: str = "refusal.html"
    way_out: Callable[[Problem], Link | None] = lambda _: None


class PageBlueprint(Blueprint):
    """A blueprint of pages; its parts are plain blueprints registered on it.

    `notices` are told by their code after `see`. With `refusals` each of its refusals is a page, whoever asks; without,
    those for browsers are, in the words that all pages share. Pages that open by a secret in their address
    (`opens_by_link`) read no cookie, and are not indexed or passed on as a referrer.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        *,
        url_prefix: str | None = None,
        notices: Mapping[str, Notice] | None = None,
        refusals: Refusals | None = None,
        opens_by_link: bool = False,
    ) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix, template_folder="templates")
        self.notices = notices or {}
        self.refusals = refusals
        self.opens_by_link = opens_by_link
        self.context_processor(lambda: {"notice": self.notice})
        # Before the view, whose budget it is not.
        self.before_request(_read_brand)
        self.after_request(self._keep_private)

    @property
    def notice(self) -> Notice | None:
        """Find what the present address says of the form that led to it; a problem counts for more."""
        told = (self.notices.get(request.args.get(parameter, "")) for parameter in ("problem", "notice"))
        return next((notice for notice in told if notice is not None), None)

    def see(self, endpoint: str, *, notice: str | None = None, **values: Any) -> AnyResponse:
        """Go to a page after a form, which says what was done: the code of a notice. No cookie is needed."""
        if notice is not None:
            values[self.notices[notice].parameter] = notice
        return redirect(url_for(endpoint, **values), 303)

    def _keep_private(self, answer: Response) -> Response:
        """For its reader alone, refusals too."""
        if self.opens_by_link:
            answer.headers["Cache-Control"] = "private, no-store"
            answer.headers["Referrer-Policy"] = "no-referrer"
            answer.headers["X-Robots-Tag"] = "noindex"
        else:
            answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer


def init_app(app: Flask, navigation: Sequence[NavigationItem]) -> None:
    """Give the templates of `app` what the frame and its forms show."""
    shared = {"signed_in": signed_in, "navigation": navigation, "settings": app.config["SETTINGS"]}
    app.context_processor(lambda: shared)
    # Macros are imported without a page's context.
    app.add_template_global(generate_csrf, "csrf_token")
    app.add_template_global(csrf_field)
    app.add_template_global(find_brand, "get_brand")


def find_pages() -> PageBlueprint | None:
    """Return the blueprint of pages to which the present address belongs; None when it is of another kind."""
    blueprints = (current_app.blueprints[name] for name in request.blueprints)
    return next((blueprint for blueprint in blueprints if isinstance(blueprint, PageBlueprint)), None)


def signed_in() -> Identity | None:
    """Return who uses this browser, for a page's head; None for nobody, and on pages that read no cookie."""
    pages = find_pages()
    return None if pages is not None and pages.opens_by_link else identity.signed_in()


def _read_brand() -> None:
    """Read the brand, which the frame of the page shows."""
    find_brand()


def find_brand() -> Brand:
    """Return the brand for a page's frame, read once a request; the product's own while the database is away."""
    if "brand" not in flask.g:
        try:
            flask.g.brand = get_brand()
        except SQLAlchemyError:
            flask.g.brand = Brand()
    brand: Brand = flask.g.brand
    return brand


def csrf_field() -> Markup:
    """Return the hidden field without which no form counts that is sent with a session's cookie; empty without one."""
    if "csrf_token" not in flask.session:
        return Markup("")
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())
