"""What all pages of the dashboard share: their blueprint with its notices and refusals, and their frame."""

from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from falconbus.performance.pages import formats
from falconbus.performance.pages import period as periods
from falconbus.performance.pages.period import PARAMETERS, Picked
from falconbus.platform.design.formats import zone
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.pages import Notice, PageBlueprint, Refusals

_NOTICES = {
    "cleared": Notice("The group is cleared, and a worker makes anew what is asked for most."),
    "cleared-all": Notice("All groups are cleared, and a worker makes anew what is asked for most."),
    "warming": Notice("A worker is warming what is asked for most. Reload in a moment to see it."),
    "searching": Notice("A worker is trying indexes on a sampled copy. This page shows the proof when it is there."),
    "dismissed": Notice("Dismissed. It does not come back by itself."),
    "retried": Notice("The job runs again. Reload in a moment: what is done is no longer listed."),
    "retried-all": Notice("Every failed job runs again. Reload in a moment: what is done is no longer listed."),
    "comparing": Notice("A worker is comparing. The result appears here."),
}

bp = PageBlueprint(
    "pages",
    __name__,
    url_prefix="/performance",
    notices=_NOTICES,
    refusals=Refusals(template="performance/refusal.html"),
)


def time_zone() -> str:
    """The zone that all pages tell times in."""
    return get_settings().time_zone


def picked() -> Picked:
    """The period of the present address."""
    return periods.pick(request.args, time_zone())


def local(at: datetime | None) -> datetime | None:
    """An instant as the pages tell it."""
    return None if at is None else clock.local(at, time_zone())


@bp.context_processor
def share_with_templates() -> dict[str, Any]:
    """Give every page, refusals too, what the frame shows, and figures and times in words."""
    kept = {name: request.args[name] for name in PARAMETERS if request.args.get(name)}
    return {"formats": formats, "zone": zone, "local": local, "kept": kept}


def render(template: str, title: str, tab: str, **values: Any) -> str:
    """Draw a page; `tab` is the view that the navigation marks."""
    return render_template(f"performance/{template}", title=title, tab=tab, **values)


def link(view: str, **fields: Any) -> str:
    """The address of one of these pages."""
    return url_for(f"pages.{view}", **fields)


def see(view: str, notice: str, **fields: Any) -> AnyResponse:
    """Go to a page, which says what was done."""
    return bp.see(f"pages.{view}", notice=notice, **fields)
