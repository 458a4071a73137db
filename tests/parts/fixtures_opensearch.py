"""Fixtures of real OpenSearch nodes. Each kind of node starts at most once a session."""
