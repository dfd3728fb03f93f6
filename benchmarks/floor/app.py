"""The floor's Flask app."""

import msgspec
from flask import Flask, Response, request

from benchmarks.floor import booking, search

app = Flask(__name__)


@app.get("/ping")
def ping() -> Response:
    """Answer with as little work as Flask allows, to measure the load generator."""
    return Response(b"pong", content_type="text/plain")


@app.get("/api/v1/schedules")
def search_schedules() -> Response:
    """Return departures between two places on a day."""
    arguments = request.args
    results = search.departures(
        arguments["origin"], arguments["destination"], arguments["date"], int(arguments.get("passengers", 1))
    )
    return Response(msgspec.json.encode(results), content_type="application/json")


@app.post("/api/v1/bookings")
def create_booking() -> Response:
    """Hold seats; a repeated key replays its first response."""
    status, answer = booking.create(request.get_data(), request.headers["Idempotency-Key"], request.remote_addr or "")
    return Response(answer, status=status, content_type="application/json")


_ANSWERS: dict[str, bytes] = {}


@app.put("/warm")
def keep() -> Response:
    """Store the responses that /warm returns, a JSON object from query string to body."""
    _ANSWERS.update(msgspec.json.decode(request.get_data(), type=dict[str, bytes]))
    return Response(status=204)


@app.get("/warm")
def warm() -> Response:
    """Return a stored response."""
    return Response(_ANSWERS[request.query_string.decode()], content_type="application/json")
