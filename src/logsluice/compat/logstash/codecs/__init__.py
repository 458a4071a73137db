"""Logstash's codecs, one module each; see `logsluice.compat.logstash.plugins`."""
