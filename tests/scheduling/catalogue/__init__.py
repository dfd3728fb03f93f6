"""Tests of the services that charters can include."""
