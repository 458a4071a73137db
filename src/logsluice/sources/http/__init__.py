"""Events that programs send by HTTP: the body of each POST or PUT.

    source:
      type: http
      port: 8080
      formats: {application/json: json}
    format: lines

A request is answered when every output has confirmed every event of it: with 200, also where some of them went to the
dead letter; with 503 when that can't be had within `timeout`, and with 429 when `pending` requests or `buffer` bytes of
bodies are held already: send it again then. **What is sent again has other ids**, so an event is there twice when the
outputs took it and its answer came too late. A body that breaks off is no event (408). Of a record in the dead letter
the first 64 KiB are kept. Bodies may be compressed. Their content type chooses the format among `formats`, else it is
the pipeline's. Events find `method`, `path`, `remote` (an address) and `headers` in `[@metadata][http]`; headers with
credentials (`authorization`, `cookie`) are left out.

There is no TLS: listen on a private address, or behind a load balancer. Chunked bodies are refused (411).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from logsluice.components import Context, Options, find
from logsluice.config.model import FormatNode
from logsluice.config.secrets import Secret
from logsluice.config.types import Duration, Size

if TYPE_CHECKING:
    from logsluice.sources.http.source import HttpSource

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Config(Options):
    """Options of the source `http`."""

    host: str = Field(default="127.0.0.1", min_length=1, description="The address to listen on; 0.0.0.0 for any.")
    port: int = Field(default=8080, ge=0, le=65535, description="The port; 0 for any free one.")
    user: str | None = Field(default=None, description="Who may send; with a `password`.")
    password: Secret | None = Field(default=None, description="A text, or where it is: {env: NAME}.")
    formats: dict[str, FormatNode] = Field(default_factory=dict, description="Formats by content type.")
    header_names: Literal["sent", "logstash"] = Field(
        default="sent", description="In lower case as they were sent, or as Logstash's input calls them."
    )
    max_body: Size = Field(default=100 * 1024**2, ge=1, description="A longer body is refused (413).")
    pending: int = Field(default=200, ge=1, description="How many requests may wait.")
    buffer: Size = Field(
        default=256 * 1024**2, ge=1, description="Bytes of bodies held at once; one alone may be more."
    )
    timeout: Duration = Field(default=60.0, gt=0, description="To read a body, and then to have it confirmed.")
    status: int = Field(default=200, ge=200, le=204, description="Of the answer to what was confirmed.")

    @model_validator(mode="after")
    def _whole(self) -> Config:
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` belong together")
        return self


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    if config.host in _LOOPBACK:
        return
    if config.password is None:
        yield "host", "whoever reaches this port can send: name `user` and `password`, or listen on 127.0.0.1"
    else:
        yield "host", "there is no TLS: the password can be read on the way, unless a proxy in front encrypts it"


def build(config: Config, context: Context) -> HttpSource:  # noqa: ARG001 - every component is built so
    """The source; listens when it is opened."""
    from logsluice.sources.http.source import HttpSource

    formats = {kind: find("formats", node.type).build(**node.options) for kind, node in config.formats.items()}
    return HttpSource(config, formats)
