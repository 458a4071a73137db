"""Fixtures of the emulated AWS services: moto's server and ElasticMQ."""
