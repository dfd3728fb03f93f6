"""Tests of charters: asking, lists, changes, the catalogue."""
