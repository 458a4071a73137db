"""Events that programs send by HTTP: the body of each POST or PUT.

    source:
      type: http
      port: 8080
      formats: {application/json: json}
    format: lines

A request is answered when every output has confirmed every event of it: with 200, also where some of them went to the
dead letter; with 503 when that can't be had within `timeout`, and with 429 when `pending` requests wait already: send
it again then. What is sent again has other ids. Bodies may be compressed. Their content type chooses the format among
`formats`, else it is the pipeline's. Events find `method`, `path`, `remote` (an address) and `headers` in
`[@metadata][http]`.

There is no TLS: listen on a private address, or behind a load balancer. Chunked bodies are refused (411).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from logsluice.components import Context, Options, find
from logsluice.config.model import FormatNode
from logsluice.config.secrets import Secret
from logsluice.config.types import Duration, Size

if TYPE_CHECKING:
    from logsluice.sources.http.source import HttpSource


class Config(Options):
    """Options of the source `http`."""

    host: str = Field(default="127.0.0.1", min_length=1, description="The address to listen on; 0.0.0.0 for any.")
    port: int = Field(default=8080, ge=0, le=65535, description="The port; 0 for any free one.")
    user: str | None = Field(default=None, description="Who may send; with a `password`.")
    password: Secret | None = Field(default=None, description="A text, or where it is: {env: NAME}.")
    formats: dict[str, FormatNode] = Field(default_factory=dict, description="Formats by content type.")
    max_body: Size = Field(default=100 * 1024**2, ge=1, description="A longer body is refused (413).")
    pending: int = Field(default=200, ge=1, description="How many requests may wait.")
    timeout: Duration = Field(default=60.0, gt=0, description="How long a request waits to be confirmed.")
    status: int = Field(default=200, ge=200, le=204, description="Of the answer to what was confirmed.")

    @model_validator(mode="after")
    def _whole(self) -> Config:
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` belong together")
        return self


def build(config: Config, context: Context) -> HttpSource:  # noqa: ARG001 - every component is built so
    """The source; listens when it is opened."""
    from logsluice.sources.http.source import HttpSource

    formats = {kind: find("formats", node.type).build(**node.options) for kind, node in config.formats.items()}
    return HttpSource(config, formats)
