"""The tables of a store's catalog, and the way to them from every earlier version."""

from __future__ import annotations

import sqlite3

VERSION = 2
"""Of the tables; kept in the database as `user_version`."""

_STEPS = (
    # 1: files, where each event came from, and how to read them
    """
    CREATE TABLE files (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        path TEXT NOT NULL UNIQUE, format TEXT NOT NULL, date TEXT NOT NULL, schema TEXT NOT NULL,
        rows INTEGER NOT NULL, bytes INTEGER NOT NULL, min_time INTEGER, max_time INTEGER
    );
    CREATE TABLE ranges (
        digest TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, file INTEGER NOT NULL,
        PRIMARY KEY (digest, first, last, file)
    ) WITHOUT ROWID;
    CREATE TABLE schemas (
        format TEXT NOT NULL, version TEXT NOT NULL, columns TEXT NOT NULL, PRIMARY KEY (format, version)
    ) WITHOUT ROWID;
    CREATE TABLE extras (format TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (format, path)) WITHOUT ROWID;
    """,
    # 2: files that were replaced or dropped; when a file's newest row was written
    """
    ALTER TABLE files ADD COLUMN written INTEGER NOT NULL DEFAULT 0;
    UPDATE files SET written = unixepoch();
    CREATE INDEX ranges_by_file ON ranges (file);
    CREATE TABLE gone (
        id INTEGER PRIMARY KEY, path TEXT NOT NULL, bytes INTEGER NOT NULL, since INTEGER NOT NULL,
        removed INTEGER NOT NULL DEFAULT 0
    );
    """,
)


def version_of(db: sqlite3.Connection) -> int:
    """0 for an empty database."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(db: sqlite3.Connection) -> None:
    """Bring an earlier version to this one; the caller's transaction is around it."""
    for step in _STEPS[version_of(db) :]:
        for statement in filter(str.strip, step.split(";")):
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {VERSION}")
