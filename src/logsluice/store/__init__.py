"""The embedded store: Parquet files, a SQLite catalog, queries by DuckDB."""
