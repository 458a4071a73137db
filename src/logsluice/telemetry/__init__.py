"""Logs about the program itself, and its counters."""
