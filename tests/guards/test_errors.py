"""Refusals are said once: what a code means, a caller reads in one place, and so does whoever changes it."""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator

import falconbus
from falconbus.platform.kit.errors import DomainError

#: Codes that two rooms have words of their own for, with the reason.
SAID_TWICE = {
    "date_in_past": "a search knows the place where the day is over, a departure to be made does not",
    "mixed_currencies": "a traveller books journeys one by one, a client asks for services apart",
    "statement_not_found": "the dashboard names a fingerprint, the advisor its recorder; one would do",
}


def refusals() -> set[type[DomainError]]:
    """Every kind of refusal that the app has."""
    for module in pkgutil.walk_packages(falconbus.__path__, "falconbus."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {kind for kind in _below(DomainError) if kind.__module__.startswith("falconbus.")}


def test_no_two_refusals_have_one_name() -> None:
    named = defaultdict(list)
    for kind in refusals():
        if kind.code not in SAID_TWICE:
            named[kind.__name__].append(kind.__module__)
    assert {name: sorted(modules) for name, modules in named.items() if len(modules) > 1} == {}


def test_a_refusal_bears_the_name_of_its_code() -> None:
    """Those that share a code with the refusal they derive from say how it came about."""
    own = [kind for kind in refusals() if "code" in kind.__dict__]
    assert {kind.__name__: kind.code for kind in own if kind.__name__ != camel(kind.code)} == {}


def test_a_code_has_one_status_and_one_title() -> None:
    assert {code: sorted(said) for code, said in meanings().items() if len(said) > 1 and code not in SAID_TWICE} == {}


def test_exceptions_are_still_needed() -> None:
    assert {code for code, said in meanings().items() if len(said) > 1} >= set(SAID_TWICE)


def camel(code: str) -> str:
    """`seat_taken` as a class is called."""
    return "".join(part.capitalize() for part in code.split("_"))


def meanings() -> dict[str, set[tuple[int, str]]]:
    """What each code is said with: status and title."""
    said = defaultdict(set)
    for kind in refusals():
        said[kind.code].add((kind.status, kind.title))
    return said


def _below(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)
