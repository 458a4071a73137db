"""Index templates made from declared fields (a real node's view of them is in the integration tests)."""

from __future__ import annotations

import pytest

from logsluice.cluster.templates import PRIORITY, Cluster, index_template, name_of, pattern_of, properties
from logsluice.formats.fields import Field


@pytest.mark.parametrize(
    ("index", "format_name", "pattern"),
    [
        ("alb-%{+yyyy.MM.dd}", "alb", "alb-*"),
        ("logsluice-%{[@metadata][format]}-%{+yyyy.MM.dd}", "vpc_flow", "logsluice-vpc_flow-*"),
        ("logs", "alb", "logs"),
        ("logs-%{team}-%{+yyyy}", "alb", "logs-*"),
        ("logs-%{team}-prod-%{+yyyy}", "alb", "logs-*-prod-*"),
        ("%{team}-logs", "alb", ""),
        ("%{[@metadata][format]}-logs", "alb", "alb-logs"),
    ],
)
def test_the_pattern_covers_what_the_index_option_makes(index: str, format_name: str, pattern: str) -> None:
    assert pattern_of(index, format_name) == pattern


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("alb-*", "logsluice-alb"),
        ("logsluice-alb-*", "logsluice-alb"),
        ("logs-*-prod-*", "logsluice-logs-prod"),
        ("ü*", "logsluice"),
    ],
)
def test_the_name_says_whose_template_it_is(pattern: str, name: str) -> None:
    assert name_of(pattern) == name


def test_a_template_is_of_our_priority_and_says_who_made_it() -> None:
    template = index_template("alb-*", [Field("client_ip", "ip")], Cluster())
    assert template["index_patterns"] == ["alb-*"]
    assert template["priority"] == PRIORITY + len("alb-")
    assert template["_meta"] == {"managed_by": "logsluice"}
    assert template["template"]["mappings"]["properties"]["client_ip"] == {"type": "ip", "ignore_malformed": True}


def test_dotted_names_nest() -> None:
    made = properties([Field("a.b.c", "integer"), Field("a.d", "boolean")], Cluster())
    assert made["a"] == {
        "properties": {
            "b": {"properties": {"c": {"type": "long", "ignore_malformed": True}}},
            "d": {"type": "boolean"},
        }
    }


def test_a_declared_object_covers_what_is_declared_within_it() -> None:
    made = properties([Field("a.b", "ip"), Field("a", "object")], Cluster())
    assert made["a"] == {"type": "flat_object"}


@pytest.mark.parametrize(
    ("cluster", "mapping"),
    [
        (Cluster("opensearch", (2, 19)), {"type": "flat_object"}),
        (Cluster("opensearch", (3, 0)), {"type": "flat_object"}),
        (Cluster("opensearch", (2, 6)), {"type": "object", "enabled": False}),
        (Cluster("elasticsearch", (7, 10)), {"type": "flattened", "ignore_above": 8191}),
    ],
)
def test_open_ended_objects_are_mapped_as_the_cluster_can(cluster: Cluster, mapping: dict[str, object]) -> None:
    assert properties([Field("any", "object")], cluster)["any"] == mapping


def test_where_formats_that_share_an_index_disagree_a_type_that_holds_both_is_taken() -> None:
    fields = [Field("a", "ip"), Field("a", "text"), Field("b", "object"), Field("b", "keyword"), Field("c"), Field("c")]
    made = properties(fields, Cluster())
    assert made["a"] == made["c"] == {"type": "keyword", "ignore_above": 8191}
    assert made["b"] == {"type": "object", "enabled": False}
