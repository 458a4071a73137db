"""Into OpenSearch or Elasticsearch, each event once.

::

    outputs:
      - opensearch:
          hosts: ["https://search.example.com"]
          auth: aws
          index: "alb-%{+yyyy.MM.dd}"

Works with OpenSearch 1 to 3, Elasticsearch 7 to 9 (from 7.8 on), Elastic Cloud (`cloud_id`), Amazon OpenSearch Service
and Amazon OpenSearch Serverless (`auth: aws`); docs/clusters.md says which of them were run.

**Who asks** is said by `user` and `password`, an `api_key`, a `bearer_token`, a client certificate, or `auth: aws`,
which signs requests with the credentials that boto3 would find, or those of `aws: {profile, role_arn, external_id}`.
Secrets may live elsewhere: `password: {file: /run/secrets/password}`. Refused (401), the secret is read again: a new
one is used at once; with the old one the output pauses, and goes on by itself when the secret has changed. Nothing is
lost, and nothing has to be restarted.

**Whom to trust**: the system's authorities, those in `ca_file`, or the one whose SHA-256 is `ca_fingerprint`, which the
cluster has to show as a part of its chain (Elasticsearch 8 does, and prints it at its first start). The host's name is
checked in each case.

**Each event once.** Documents are created under ids made from the origin (`[@metadata][_id]`), so a repeat meets
itself: 409 counts as delivered, and as a duplicate in the counters. With a `document_id` of your own the action is
`index`: the last one wins. An index made from anything but the event's own time, a rollover alias, a data stream, or
an index that retention has deleted can't see the earlier document: a repeat is then a second one.

**Data streams** (`data_stream: true`, or `{type: logs, dataset: aws.elb, namespace: default}`) take the action `create`
only and events with `@timestamp` only; the template that makes them is installed. An id is unique within one backing
index: a repeat that comes after a rollover is a second document.

**Without ids** (`document_id: none`): Serverless collections of the type time series refuse ids. Each repeat is then a
second document, and repeats happen: whenever an answer was lost, a program was killed, a message came twice. A
collection of the type search takes ids.

**Ingest pipelines and routing**: `pipeline` and `routing` may hold a `%{field}`, and are then said for each document.
What a pipeline drops counts as delivered.

**What a refusal means** is judged for each document by its error's type. The document's own fault (it does not fit the
mapping) goes to the dead letter. The cluster's or the configuration's fault (a shard limit, a block, a missing index)
pauses the output and is tried again until it is cured. A full queue or a broken connection is tried again soon. A
request that the cluster finds too large is split.

**Templates.** Before the first document of an index a template made from the format's declared fields is installed
(see `logsluice.cluster.templates`), so that addresses can be searched by CIDR. `manage_template: false` leaves that to
you; `logsluice templates CONFIG` prints what is to be installed. An index name that begins with a `%{field}` gets none.
`template` (a JSON file, or the template itself) and `template_name` install one of your own instead, at the start,
unless the cluster has one of that name.

An event whose `index`, `document_id`, `pipeline` or `routing` names a field that it lacks is rejected, never sent under
a literal `%{field}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from logsluice.components import Context
from logsluice.sinks.opensearch.config import Config

if TYPE_CHECKING:
    from logsluice.model import Sink

__all__ = ["Config", "build", "concerns", "probe"]


def build(config: Config, context: Context) -> Sink:
    """Make the sink; it connects in `open`."""
    from logsluice.sinks.opensearch.sink import OpenSearchSink

    return OpenSearchSink(config, context)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as of every component
    """What works today and will be regretted: see `logsluice.components`."""
    if not config.with_ids:
        repeats = "after a lost answer, a kill, a message that came twice"
        yield "document_id", f"without ids every repeat of an event is a second document: {repeats}"
    if config.data_stream:
        yield (
            "data_stream",
            "ids are unique within one backing index: a repeat that comes after a rollover is a second document",
        )
    if not config.verify_certificates:
        yield "verify_certificates", "anybody between here and the cluster can read and change what is sent"
    secrets = [name for name in ("password", "api_key", "bearer_token") if getattr(config, name) is not None]
    if secrets and any(url.startswith("http:") for url in config.urls):
        yield secrets[0], "it goes over the network unencrypted: the host is http"


def probe(config: Config, context: Context) -> Iterator[tuple[str, str]]:
    """What `check --live` warns of; see `dangers`."""
    from logsluice.sinks.opensearch import dangers

    return dangers.probe(config, context)
