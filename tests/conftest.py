"""Fixtures of the real servers, each file of them beside its part; and what holds for every test."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
"""No test asserts a time: a machine may be slow, or shared."""

pytest_plugins = ["tests.parts.fixtures_opensearch", "tests.parts.fixtures_aws"]
