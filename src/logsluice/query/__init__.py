"""Questions to logs in Lucene syntax: what they mean and what they answer, whatever backend holds the logs."""
