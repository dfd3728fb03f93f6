"""Pages as a feature would add them: all that a page with a form needs."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from flask import render_template_string
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints

from falconbus.platform.kit.errors import Invalid
from falconbus.platform.kit.schema import Body, OneLine
from falconbus.platform.web.declarations import PAGE
from falconbus.platform.web.forms import Form, new_form, read_form
from falconbus.platform.web.operations import operation
from falconbus.platform.web.pages import Notice, PageBlueprint
from falconbus.platform.web.permissions import SEE_PERFORMANCE

bp = PageBlueprint("trips", __name__, url_prefix="/trips", notices={"added": Notice("The trip is added.")})

#: A feature has a file of it in its templates/.
TEMPLATE = """
{% extends "base.html" %}
{% import "forms.html" as forms %}
{% block title %}Trips{% endblock %}
{% block main %}
<h1>Trips</h1>
{% include "notice.html" %}
<form class="form" method="post">
{{ csrf_field() }}
{{ forms.fault(form) }}
{{ forms.line(form, "name", "Who travels?") }}
{{ forms.line(form, "people", "How many?", note="A coach has 60 seats.") }}
{{ forms.line(form, "on", "When?") }}
{{ forms.choice(form, "kind", "What for?", [("school", "School"), ("sport", "Sport")], empty="Choose") }}
{{ forms.lines(form, "note", "Anything else?") }}
{{ forms.tick(form, "is_return", "And back") }}
<button class="button">Add</button>
</form>
{% endblock %}
"""


class Kind(StrEnum):
    SCHOOL = "school"
    SPORT = "sport"


class TripIn(Body):
    """As strict as any body of the API."""

    name: Annotated[OneLine, StringConstraints(max_length=20)]
    people: Annotated[int, Field(ge=1, le=60)]
    on: date
    kind: Kind
    note: Annotated[str, StringConstraints(max_length=100)] = ""
    is_return: bool = False


added: list[TripIn] = []


@operation(bp.get(""), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=1)
def show_trips() -> str:
    """Show the form."""
    return _show(new_form(TripIn, people=10))


@operation(bp.post(""), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=1)
def add_trip() -> ResponseReturnValue:
    """Add a trip; what is wrong is told beside its field."""
    form = read_form(TripIn, {"name": "Say who travels, so that the driver finds them."})
    if form.content is None:
        return _show(form), form.status
    trip = form.content
    if trip.name == "Nobody":
        form = form.refused(Invalid("nobody travels with us", pointer="/name"))
        return _show(form), form.status
    added.append(trip)
    return bp.see("trips.show_trips", notice="added")


def _show(form: Form[TripIn]) -> str:
    return render_template_string(TEMPLATE, form=form)
