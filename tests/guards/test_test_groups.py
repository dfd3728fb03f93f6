"""Tests that share what starts slowly run in one process: pytest-xdist knows their groups."""

import os

import pytest


@pytest.mark.xdist_group("known")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process has no groups")
def test_a_group_is_part_of_a_tests_name(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@known")
