"""Logstash's configurations: read by `grammar`, translated plugin by plugin; nothing at run time knows of it."""
