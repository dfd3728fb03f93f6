"""The API's document is right, and pinned: a change of the API shows in review as a change of docs/openapi.json."""

import json
from pathlib import Path

from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from falconbus.app import FalconBus

PINNED = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_document_is_valid_openapi(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json or {}
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


def test_the_document_is_the_pinned_one(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    assert document == json.loads(PINNED.read_text()), "the API changed: ./falcon openapi > docs/openapi.json"


def test_every_reference_in_the_document_leads_somewhere(client: FlaskClient) -> None:
    text = client.get("/api/v1/openapi.json").get_data(as_text=True)
    schemas = json.loads(text)["components"]["schemas"]
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(schemas)


def test_the_page_names_every_operation(client: FlaskClient, app: FalconBus) -> None:
    page = client.get("/api/docs/").get_data(as_text=True)
    for path in client.get("/api/v1/openapi.json").json["paths"]:
        assert path in page
