"""Suites as tests."""
