"""Tests of dispatching charters."""
