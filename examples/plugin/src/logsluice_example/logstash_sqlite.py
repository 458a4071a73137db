"""Documents in a table of SQLite: the sink `sqlite`."""

from __future__ import annotations

from pydantic import Field

from logsluice.compat.logstash.plugins import Output, OutputSettings


class Settings(OutputSettings):
    """Options of the output `sqlite` in Logstash's language."""

    path: str = Field(description="The file.")
    table_name: str = Field(default="events", description="The table.")


def translate(settings: Settings) -> Output:
    """The sink and its options."""
    return Output("sqlite", {"path": settings.path, "table": settings.table_name})
