"""The bare app."""

import msgspec
from flask import Flask, Response, request

from benchmarks.floor import booking, search

app = Flask(__name__)


@app.get("/ping")
def ping() -> Response:
    """The least that Flask can answer: to see what the load generator can do."""
    return Response(b"pong", content_type="text/plain")


@app.get("/api/v1/schedules")
def search_schedules() -> Response:
    """Departures between two places on a day."""
    arguments = request.args
    results = search.departures(
        arguments["origin"], arguments["destination"], arguments["date"], int(arguments.get("passengers", 1))
    )
    return Response(msgspec.json.encode(results), content_type="application/json")


@app.post("/api/v1/bookings")
def create_booking() -> Response:
    """Hold seats; a key that came before gets its first answer again."""
    status, answer = booking.create(request.get_data(), request.headers["Idempotency-Key"], request.remote_addr or "")
    return Response(answer, status=status, content_type="application/json")


_ANSWERS: dict[str, bytes] = {}


@app.put("/warm")
def keep() -> Response:
    """Be given the answers that /warm returns: an object from query string to body."""
    _ANSWERS.update(msgspec.json.decode(request.get_data(), type=dict[str, bytes]))
    return Response(status=204)


@app.get("/warm")
def warm() -> Response:
    """An answer from memory."""
    return Response(_ANSWERS[request.query_string.decode()], content_type="application/json")
