"""The page of fields says what the formats declare, and says it of every field (acceptance row 001-14)."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs import generate

from logsluice.components import names
from logsluice.formats import load

ROOT = Path(__file__).parent.parent.parent


def test_001_14_the_page_of_fields_is_made_from_the_formats() -> None:
    made = "\n".join(generate.fields_page()) + "\n"
    assert (ROOT / "docs" / "fields.md").read_text(encoding="utf-8") == made, "run `make docs`"


def test_001_14_a_field_has_its_names_its_types_and_a_description() -> None:
    page = "\n".join(generate.fields_page())
    alb = page.partition("\n## alb\n")[2].partition("\n## ")[0].splitlines()
    assert "| `client_ip` | ip | ip | client:port | client.ip | The client's address |" in alb
    assert "| `request_url` | text | text, `.keyword` | request | url.original | The request's URL |" in alb
    waf = page.partition("\n## waf\n")[2].partition("\n## ")[0].splitlines()
    assert "| `labels` | list of object | flat_object |  |  | Objects of name |" in waf


@pytest.mark.parametrize("name", names("formats"))
def test_001_14_every_field_has_a_description(name: str) -> None:
    assert [field.name for field in load(name).fields if not field.about] == []


@pytest.mark.parametrize("name", ["alb", "elb", "cloudfront"])
def test_001_14_documents_of_s3logsbeat_have_the_same_fields(name: str) -> None:
    assert load(name, as_s3logsbeat=True).fields == load(name).fields
