"""Logstash's outputs, one module each; see `logsluice.compat.logstash.plugins`."""
