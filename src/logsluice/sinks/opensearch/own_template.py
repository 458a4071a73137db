"""A template of the user's own, installed when the output is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from logsluice.errors import Busy, Sick, UsageError
from logsluice.sinks.opensearch.verdicts import describe

if TYPE_CHECKING:
    from logsluice.cluster.client import Client
    from logsluice.sinks.opensearch.config import Config


def install(client: Client, config: Config, base: Path) -> None:
    """Install the configured template, unless the cluster has one of that name and it is not to be overwritten.

    A composable template has its settings and mappings within `template`, a legacy one beside `index_patterns`.

    Raises:
        UsageError: The file can't be read.
        Busy: The cluster can't say now; call again.
        Sick: It refuses.
    """
    body = _body(config.template, base)
    kind = "_index_template" if isinstance(body.get("template"), dict) else "_template"
    path = f"/{kind}/{quote(config.template_name or '', safe='')}"
    if not config.template_overwrite and client.request("GET", path).status == 200:
        return
    answer = client.request("PUT", path, orjson.dumps(body))
    if answer.status == 200:
        return
    error = answer.content.get("error") if isinstance(answer.content, dict) else answer.text
    refused = f"the template {config.template_name} can't be installed: {answer.status} {describe(error)}"
    if answer.status in (408, 429) or answer.status >= 500:
        raise Busy(refused)
    raise Sick(f"{refused}; mend it, or set `manage_template: false`")


def _body(template: Path | dict[str, Any] | None, base: Path) -> dict[str, Any]:
    if isinstance(template, dict):
        return template
    place = base / (template or "")
    try:
        body = orjson.loads(place.read_bytes())
    except OSError as error:
        raise UsageError(f"the template {place} can't be read: {error.strerror}", "check `template`") from None
    except orjson.JSONDecodeError as error:
        raise UsageError(f"the template {place} is no JSON: {error}", "mend it") from None
    if not isinstance(body, dict):
        raise UsageError(f"the template {place} is no JSON object", "mend it")
    if isinstance(body.get("template"), str):  # as clusters before version 6 wanted it
        body["index_patterns"] = [body.pop("template")]
    return body
