"""Modules that most processes never need, loaded by the first one that does."""

from importlib import import_module
from typing import Any


class Lazy:
    """Stands for a module; import_module is safe to be called by many threads at once."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)
