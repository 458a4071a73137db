"""Fixtures of the real servers; each file of them lives beside its part."""

from __future__ import annotations

pytest_plugins = ["tests.parts.fixtures_opensearch", "tests.parts.fixtures_aws"]
