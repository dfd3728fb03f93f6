"""Declarations in tests: an answer whose status, code or shape its operation does not declare fails the test.

So does one with a secret in a field that is not declared as one.
"""

from typing import Any

import msgspec
import pytest
from flask import Flask, Response, current_app, request

from falconbus.platform.web.declarations import Media, Operation, operation_of, shapes_of
from falconbus.platform.web.implied_refusals import refusals_of
from falconbus.platform.web.problems import CONTENT_TYPE
from tests.unmarked_secrets import unmarked_secrets

#: Said of no operation: nothing broke as it should (500), no such address, no such verb.
_EVERYWHERE = {(500, "internal"), (404, "not_found"), (405, "method_not_allowed")}


class UndeclaredAnswers:
    """What the apps that a test calls have answered and not declared."""

    def __init__(self) -> None:
        self._told: list[str] = []

    def watch(self, app: Flask) -> None:
        """Look at each answer of the API as it leaves the app."""
        app.after_request(self._look)

    def check(self) -> None:
        """Fail the test if there are any; the next one begins without."""
        told, self._told = self._told, []
        if told:
            pytest.fail("\n".join(told), pytrace=False)

    def _look(self, answer: Response) -> Response:
        declared = operation_of(current_app.view_functions.get(request.endpoint or "", _nothing))
        if declared is not None and request.path.startswith("/api/") and request.method != "OPTIONS":
            fault = fault_of(declared, answer)
            if fault is not None:
                self._told.append(f"{request.method} {request.url_rule}: {fault}")
        return answer


def fault_of(declared: Operation, answer: Response) -> str | None:
    """What an answer has that its operation does not declare; None for a declared one."""
    if answer.status_code == 304:
        return None
    if answer.content_type == CONTENT_TYPE:
        said = (answer.status_code, msgspec.json.decode(answer.get_data())["code"])
        known = {(refusal.status, refusal.code) for refusal in refusals_of(declared)}
        return None if said in known | _EVERYWHERE else f"answers {said[0]} {said[1]}, which it does not declare"
    if answer.status_code not in declared.gives:
        return f"answers {answer.status_code}, which it does not declare"
    return _shape_fault(declared.gives[answer.status_code], answer)


def _shape_fault(given: Any, answer: Response) -> str | None:
    if isinstance(given, Media):
        media = given.content_type
        return None if answer.mimetype == media.split(";")[0] else f"answers {answer.mimetype}, not {media}"
    body = b"" if request.method == "HEAD" else answer.get_data()
    if given is None:
        return f"answers with a body of {len(body)} bytes, and declares none" if body else None
    if secrets := unmarked_secrets(given, body):
        return f"answers with what looks like a secret in {', '.join(secrets)}, whose type is not Secret"
    if "fields" in request.args or not body:
        return None
    faults = [fault for shape in shapes_of(given) if (fault := _misfit(body, shape)) is not None]
    return None if len(faults) < len(shapes_of(given)) else f"answers with another shape: {'; '.join(faults)}"


def _misfit(body: bytes, shape: Any) -> str | None:
    try:
        read = msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as fault:
        return str(fault)
    told = msgspec.json.decode(body)
    if isinstance(told, dict) and isinstance(read, msgspec.Struct):
        unknown = set(told) - set(read.__struct_encode_fields__) - {"from_cache"}
        return f"undeclared fields {', '.join(sorted(unknown))}" if unknown else None
    return None


def _nothing() -> None:
    """No view."""
