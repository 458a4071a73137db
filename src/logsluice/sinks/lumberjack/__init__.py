"""Into Logstash, as beats send: its input `beats`, and all else that speaks the Lumberjack protocol, version 2.

::

    outputs:
      - lumberjack:
          hosts: ["logstash-1.example.com", "logstash-2.example.com:5045"]
          loadbalance: true
          ssl: true
          ca_file: logstash-ca.pem

Events arrive with their fields, and under `[@metadata]` with `_id`, `format`, `beat`, `type` and `version`, as beats
have them (`pipeline` too, where a filter has set it).

**Several hosts**: with `loadbalance` requests go to each of them in turn; without it to the first one that can be
reached. A host that can't be reached is passed over for ten seconds.

**Acknowledged means delivered.** An event counts as delivered when Logstash has acknowledged it: when it is in
Logstash's queue. Where a connection breaks in the middle, only what was not acknowledged is sent again. Logstash asks
for patience while its queue is full, and is given ten times the `timeout`; after that, and after `timeout` without a
word, the request is sent again.

**Repeats are sent again**, for an acknowledgement can be lost. They stay one document where Logstash's output uses the
id: `document_id => "%{[@metadata][_id]}"` in its `elasticsearch` or `opensearch`.

A certificate that can't be trusted, or a port that speaks something else, pauses the output until it is mended.

Facts: Logstash documentation, "Beats input plugin"; Filebeat documentation, "Configure the Logstash output".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from logsluice.components import Context
from logsluice.sinks.lumberjack.config import Config

if TYPE_CHECKING:
    from logsluice.model import Sink

__all__ = ["Config", "build", "concerns", "probe"]


def build(config: Config, context: Context) -> Sink:
    """Make the sink; the first request connects."""
    from logsluice.sinks.lumberjack.sink import LumberjackSink

    return LumberjackSink(config, context)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as of every component
    """What works today and will be regretted: see `logsluice.components`."""
    if not config.verify_certificates:
        yield "verify_certificates", "anybody between here and Logstash can read and change what is sent"


def probe(config: Config, context: Context) -> Iterator[tuple[str, str]]:
    """What `check --live` warns of: hosts that can't be reached. Raises UsageError."""
    from logsluice.errors import SinkFault
    from logsluice.sinks.lumberjack.connection import Dialer

    dialer = Dialer(config, context.base)
    for place in config.places:
        try:
            dialer.dial(place).close()
        except SinkFault as fault:
            yield "hosts", str(fault)
