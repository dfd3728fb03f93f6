"""Tests of reading notifications."""
