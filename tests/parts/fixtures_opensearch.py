"""Fixtures of real OpenSearch and Elasticsearch nodes. Each kind of node starts at most once a session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest

from tests.parts import PartError, unavailable
from tests.parts.elasticsearch import Elasticsearch7, Elasticsearch8, Elasticsearch9
from tests.parts.opensearch import OpenSearch, OpenSearch3, SecureOpenSearch
from tests.parts.search_node import SearchNode

Node = TypeVar("Node", bound=SearchNode)

OWN_FIXTURES = {OpenSearch: "opensearch", SecureOpenSearch: "secure_opensearch"}
EVERY_KIND = (OpenSearch, OpenSearch3, SecureOpenSearch, Elasticsearch7, Elasticsearch8, Elasticsearch9)


def _started(node: Node) -> Iterator[Node]:
    try:
        node.start()
    except PartError as failure:
        unavailable(str(failure))
    yield node
    node.stop()


@pytest.fixture(scope="session")
def opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearch]:
    """A plain node with the default settings; most tests want `clean_opensearch`."""
    yield from _started(OpenSearch(tmp_path_factory.mktemp("opensearch")))


@pytest.fixture
def clean_opensearch(opensearch: OpenSearch) -> OpenSearch:
    """The session's node, emptied before the test."""
    opensearch.clean()
    return opensearch


@pytest.fixture(scope="session")
def _tight_opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearch]:
    settings = {
        "thread_pool.write.size": "1",
        "thread_pool.write.queue_size": "1",
        "http.max_content_length": "5mb",
    }
    yield from _started(OpenSearch(tmp_path_factory.mktemp("tight_opensearch"), settings))


@pytest.fixture
def tight_opensearch(_tight_opensearch: OpenSearch) -> OpenSearch:
    """A node that is soon full: one writer with a queue of one, requests of at most 5 MB. Emptied before the test."""
    _tight_opensearch.clean()
    return _tight_opensearch


@pytest.fixture(scope="session")
def secure_opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureOpenSearch]:
    """A node with https, users and roles, for the whole session: use index names of your own."""
    yield from _started(SecureOpenSearch(tmp_path_factory.mktemp("secure_opensearch")))


@pytest.fixture(scope="module", params=EVERY_KIND, ids=lambda kind: kind.__name__)
def _cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchNode]:
    if request.param in OWN_FIXTURES:
        yield request.getfixturevalue(OWN_FIXTURES[request.param])
    else:
        yield from _started(request.param(tmp_path_factory.mktemp("cluster")))


@pytest.fixture
def cluster(_cluster: SearchNode) -> SearchNode:
    """Every kind of node in turn, one running at a time, emptied before the test."""
    _cluster.clean()
    return _cluster
