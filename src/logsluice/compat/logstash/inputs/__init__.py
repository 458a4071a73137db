"""Logstash's inputs, one module each; see `logsluice.compat.logstash.plugins`."""
