"""One module a filter, with Logstash's name, options and semantics."""
