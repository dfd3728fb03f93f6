"""Tests of what stops holding."""
