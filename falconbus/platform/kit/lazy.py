"""Lazy imports of modules that most processes never need."""

from importlib import import_module
from typing import Any


class Lazy:
    """A proxy that imports the module at its first use; thread-safe, as import_module is."""

    def __init__(self, name: str) -> None:
        self._name = name

    def load(self) -> None:
        """Import the module now, before a process forks: its children share the memory."""
        import_module(self._name)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)
