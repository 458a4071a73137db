"""Contract suites that every source, format, filter and sink passes; public, for third parties' components too."""
