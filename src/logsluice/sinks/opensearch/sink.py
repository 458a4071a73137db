"""The sink at work: one `_bulk` request a `send`, and what every kind of answer means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog

from logsluice.cluster.client import Client
from logsluice.cluster.connection import connect
from logsluice.cluster.templates import Cluster
from logsluice.errors import Sick, SinkFault, UsageError
from logsluice.lang.as_json import json_of
from logsluice.lang.templates import Template
from logsluice.model import Encoded, Event, Origin, Sent
from logsluice.sinks._documents import DocumentSink
from logsluice.sinks.opensearch.actions import Actions
from logsluice.sinks.opensearch.bulk import Encoder, joined, read_items, without_action
from logsluice.sinks.opensearch.forgetting import forget
from logsluice.sinks.opensearch.indexes import IndexNames
from logsluice.sinks.opensearch.own_template import install
from logsluice.sinks.opensearch.templating import Templates, Wanted, wanted
from logsluice.sinks.opensearch.verdicts import refusal

if TYPE_CHECKING:
    from logsluice.components import Context
    from logsluice.sinks.opensearch import Config

NDJSON = "application/x-ndjson"
_log = structlog.get_logger("opensearch")
ANSWER_FIELDS = quote("errors,items.*.status,items.*.error", safe="")
"""Percent-encoded, as AWS signatures want a query to be."""


class OpenSearchSink(DocumentSink):
    """See `logsluice.model.Sink`."""

    def __init__(self, config: Config, context: Context) -> None:
        self._config = config
        self._context = context
        self._creating = config.resolved_action == "create"
        self._names = IndexNames(config.target, config.resolved_action)
        self._encoder = Encoder(_actions(config, self._names), json_of(context.timestamps))
        self.request_bytes = config.request_bytes
        self.request_events = config.request_events
        same = config.pipeline and "%{" not in config.pipeline
        pipeline = f"&pipeline={quote(config.pipeline, safe='')}" if config.pipeline and same else ""
        self._path = f"/_bulk?filter_path={ANSWER_FIELDS}{pipeline}"
        self._client: Client | None = None
        self._templates: Templates | None = None

    @property
    def idempotent(self) -> bool:
        """Whether documents have ids, ours or the user's."""
        return self._config.with_ids

    @property
    def templates(self) -> list[Wanted]:
        """The generated templates that it needs, whoever installs them; none beside one of the user's own."""
        if self._config.template is not None:
            return []
        return wanted(self._config.target, self._context.formats, bool(self._config.data_stream))

    def open(self) -> None:
        """Look who answers, and get ready to install templates."""
        self._client = connect(self._config, self._context.base)
        cluster = identify(self._client)
        if self._config.auth == "aws":
            _log.info("requests are signed with the credentials of AWS", hosts=list(self._config.urls))
        if self._config.template is not None:
            install(self._client, self._config, self._context.base)
        elif self._config.manage_template:
            self._templates = Templates(self._client, cluster, self.templates)

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """To the lines of a `_bulk` request."""
        return self._encoder.encode(events, refuse)

    def document(self, encoded: Encoded, index: int) -> bytes:
        """The document without its action line."""
        return without_action(encoded.body[index])

    def send(self, encoded: Encoded) -> Sent:
        """One request; when the cluster finds it too large, two of half its size, and so on."""
        assert self._client is not None, "send before open"
        try:
            if self._templates is not None and self._names.fresh:
                self._names.prepare_fresh(self._templates.ensure)
            answer = self._client.request("POST", self._path, encoded.body.data, NDJSON)
        except UsageError as error:  # a certificate that was good when the sink was opened
            raise Sick(f"{error}; {error.hint}") from None
        if answer.status == 413:
            return self._send_in_halves(encoded)
        if answer.status != 200:
            raise refusal(answer)
        return read_items(answer.content, encoded, self._creating)

    def forget(self, origin: Origin) -> int:
        """See `logsluice.model.Replaces`."""
        assert self._client is not None, "forget before open"
        return forget(self._client, self._config.target, self._context.formats, origin)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _send_in_halves(self, encoded: Encoded) -> Sent:
        count = len(encoded)
        if count == 1:
            return Sent(rejected={0: f"the cluster takes no request of {encoded.size:,} bytes (413)"})
        first, second = self.pick(encoded, range(count // 2)), self.pick(encoded, range(count // 2, count))
        done = self.send(first)
        try:
            rest = self.send(second)
        except SinkFault as fault:  # what the first half confirmed stands
            rest = Sent(failed=dict.fromkeys(range(len(second)), fault))
        return joined(done, rest, len(first))


def _actions(config: Config, names: IndexNames) -> Actions:
    more = {"routing": config.routing, "pipeline": config.pipeline}
    # the same pipeline for all is said once, in the URL
    said = {name: Template(text) for name, text in more.items() if text and (name == "routing" or "%{" in text)}
    own = config.document_id if config.with_ids else None
    return Actions(names, None if own is None else Template(own), with_ids=config.with_ids, more=said)


def identify(client: Client) -> Cluster:
    """What the cluster runs. A role that may not ask (403) is taken for a recent OpenSearch, and so is Serverless.

    Raises:
        Busy: Nobody answers, or not yet.
        UsageError: Wrong password, TLS, or no cluster at all: what was tried and what to do.
    """
    answer = client.request("GET", "/")
    if answer.status == 401:
        raise UsageError(
            f"{answer.host} refuses the credentials (401)",
            hint="set `user` and `password`, an `api_key` of Elasticsearch, or `auth: aws` for an Amazon OpenSearch "
            "Service domain with IAM",
        )
    if answer.status == 403 and ("signature" in answer.text or "security token" in answer.text):
        raise UsageError(
            f"{answer.host} refuses the AWS signature (403): {answer.text[:300]}",
            hint="check the credentials, the clock of this machine, and `region`",
        )
    if answer.status in (403, 404):
        return Cluster()
    if answer.status == 429 or answer.status >= 500:
        raise refusal(answer)
    version = answer.content.get("version") if isinstance(answer.content, dict) else None
    if answer.status != 200 or not isinstance(version, dict) or "number" not in version:
        raise UsageError(
            f"{answer.host} answers, but not as OpenSearch or Elasticsearch does (status {answer.status})",
            hint="`hosts` takes the URL of the cluster's REST API, often on port 9200 (443 for a service), not that of "
            "Dashboards or Kibana",
        )
    major, minor = (int(part) for part in str(version["number"]).split(".")[:2])
    return Cluster(str(version.get("distribution", "elasticsearch")), (major, minor))
