"""What all pages of the dashboard share: their frame, what a notice says, and refusals as pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from falconbus.performance.pages import formats
from falconbus.performance.pages import period as periods
from falconbus.performance.pages.period import PARAMETERS, Picked
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web import problems

# Whoever is not signed in, or not allowed, is told so in the same words everywhere.
_OTHERS_BUSINESS = {401, 403}


@dataclass(frozen=True, slots=True)
class Notice:
    """What was just done, in a sentence."""

    words: str
    is_caution: bool = False


NOTICES = {
    "cleared": Notice("The group is cleared, and a worker makes anew what is asked for most."),
    "cleared-all": Notice("All groups are cleared, and a worker makes anew what is asked for most."),
    "warming": Notice("A worker is warming what is asked for most. Reload in a moment to see it."),
    "searching": Notice("A worker is trying indexes on a sampled copy. This page shows the proof when it is there."),
    "dismissed": Notice("Dismissed. It does not come back by itself."),
    "comparing": Notice("A worker is comparing. The result appears here."),
}


def time_zone() -> str:
    """The zone that all pages tell times in."""
    return get_settings().time_zone


def picked() -> Picked:
    """The period of the present address."""
    return periods.pick(request.args, time_zone())


def local(at: datetime | None) -> datetime | None:
    """An instant as the pages tell it."""
    return None if at is None else clock.local(at, time_zone())


def render(template: str, title: str, tab: str = "", **values: Any) -> str:
    """A page; `tab` is the view that the navigation marks."""
    return render_template(
        f"performance/{template}",
        title=title,
        tab=tab,
        formats=formats,
        local=local,
        kept={name: request.args[name] for name in PARAMETERS if request.args.get(name)},
        notice=NOTICES.get(request.args.get("notice", "")),
        **values,
    )


def link(view: str, **fields: Any) -> str:
    """The address of one of these pages."""
    return url_for(f"pages.{view}", **fields)


def see(view: str, notice: str, **fields: Any) -> AnyResponse:
    """Go to a page, which says what was done."""
    return redirect(link(view, notice=notice, **fields), 303)


def as_page(answer: Response) -> Response:
    """A refusal inside the frame: status and headers stay, the document becomes a page; nothing is kept by others."""
    answer.headers.setdefault("Cache-Control", "private, no-store")
    if answer.mimetype != problems.CONTENT_TYPE or answer.status_code in _OTHERS_BUSINESS:
        return answer
    document = msgspec.json.decode(answer.get_data(), type=problems.Problem)
    answer.set_data(render("refusal.html", document.title, problem=document))
    answer.content_type = "text/html; charset=utf-8"
    return answer
