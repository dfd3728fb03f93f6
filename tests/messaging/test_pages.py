"""The design's own rules, and the page that an OpenAPI document becomes."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import render_template

import falconbus
from falconbus.app import FalconBus

_TEMPLATES = Path(falconbus.__file__).parent
_REF = "#/components/schemas/"


def _document() -> dict[str, Any]:
    """A small document with what a real one has: references, unions, lists, a shape that holds itself."""
    problem = {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}}
    create = {
        "operationId": "bookings_create",
        "tags": ["bookings"],
        "summary": "Hold seats; see `expires_at`.",
        "description": "First paragraph.\n\nNeeds: <nothing>.",
        "parameters": [
            {"name": "quote", "in": "query", "required": True, "schema": {"enum": ["1"], "default": "1"}},
            {
                "name": "page",
                "in": "query",
                "required": False,
                "schema": {"type": "integer", "minimum": 1, "maximum": 9},
            },
        ],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": f"{_REF}BookingIn"}}}},
        "responses": {
            "201": {"description": "Success", "content": {"application/json": {"schema": {"$ref": f"{_REF}Stop"}}}},
            "409": {"description": "`seat_taken`: taken.", "content": problem},
            "default": {"description": "A problem document", "content": problem},
        },
        "security": [{"bearer": []}],
    }
    passengers = {"type": "array", "items": {"$ref": f"{_REF}Stop"}, "minItems": 1, "maxItems": 9}
    nullable = {
        "anyOf": [{"type": "string", "maxLength": 20, "pattern": "^[A-Z]+$"}, {"type": "null"}],
        "default": None,
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "FalconBus", "version": "1", "description": "All about it."},
        "paths": {"/api/v1/bookings": {"post": create}, "/api/v1/stops": {"get": {**create, "operationId": "stops"}}},
        "components": {
            "schemas": {
                "BookingIn": {
                    "type": "object",
                    "required": ["passengers"],
                    "properties": {"passengers": passengers, "promo_code": nullable},
                },
                "Stop": {
                    "type": "object",
                    "properties": {"code": {"type": "string"}, "next": {"$ref": f"{_REF}Stop"}},
                },
                "Problem": {"type": "object", "properties": {"status": {"type": "integer"}}},
            }
        },
    }


@pytest.fixture
def page(app: FalconBus) -> str:
    with app.test_request_context():
        return render_template("docs.html", document=_document())


def test_every_operation_is_there_and_linked(page: str) -> None:
    for anchor in ("bookings_create", "stops", "group-bookings", "shape-BookingIn", "shape-Problem"):
        assert f'id="{anchor}"' in page
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r' id="([^"]+)"', page))


def test_ids_are_unique(page: str) -> None:
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_fields_show_type_need_and_limits(page: str) -> None:
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for expected in (
        "passengers required",
        "list of Stop",
        "entries: at least 1",
        "entries: at most 9",
        "string or null",
        "characters: at most 20",
        "pattern ^[A-Z]+$",
        "quote query required",
        "at most 9",
        'default "1"',
        "Fields of Stop",
        "Hold seats; see expires_at .",
    ):
        assert expected in words


def test_what_the_document_says_is_text(page: str) -> None:
    assert "Needs: &lt;nothing&gt;." in page
    assert "<nothing>" not in page


@pytest.mark.parametrize(
    "path",
    [path for path in _TEMPLATES.rglob("templates/**/*.html") if "mails" not in path.parts],
    ids=lambda path: path.name,
)
def test_pages_keep_the_content_security_policy(path: Path) -> None:
    source = path.read_text()
    allowed = r'(?![^>]* src="{{ url_for| type="application/json")'
    assert not re.search(rf"<script{allowed}|<style|\sstyle=|\son[a-z]+=|https?://", source)
