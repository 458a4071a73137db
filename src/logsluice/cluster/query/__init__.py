"""Queries to OpenSearch and Elasticsearch, in Lucene syntax; see `ClusterQuery`, and `docs/query-semantics.md`."""

from logsluice.cluster.query.engine import ClusterQuery

__all__ = ["ClusterQuery"]
