"""Queries to the store, in Lucene syntax; see `StoreQuery`, and `docs/query-semantics.md` for what a query means."""

from logsluice.query.results import Bucket, Count, FieldInfo, Found, Histogram, Hit, Stats
from logsluice.store.query.engine import SqlQuery, StoreQuery
from logsluice.store.query.files import Files

__all__ = ["Bucket", "Count", "FieldInfo", "Files", "Found", "Histogram", "Hit", "SqlQuery", "Stats", "StoreQuery"]
