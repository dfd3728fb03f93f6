"""Tests of the page behind a notification's link."""
