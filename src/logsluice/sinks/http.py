"""Sends events by HTTP: to any server, and as messages to Slack.

::

    outputs:
      - http:
          url: "https://collector.example.com/logs"
          format: json_batch
          headers: {authorization: {env: TOKEN}}

`format` is `json` (a request for each event), `json_batch` (a JSON array in a request), `form`, or `message` (a text
that `message` makes). `mapping` says what of an event is sent, in any shape: `{text: "%{message}"}`. `url` and
`event_headers` take `%{field}`; an event that lacks a field of its URL is rejected.

`preset: slack` with a webhook's `url` posts `text`, `%{message}` unless `mapping` says otherwise. It tells people, so
no delivery waits for it, unless `required: true` stands beside it.

**What an answer means**: 2xx and `ignorable_codes` confirm. 408, 425, 429, 5xx, `retryable_codes` and a broken
connection are tried again, for as long as it takes. 401, 403, 407, a redirect, and 404, 405, 410 of a fixed URL pause
the output until it is mended. Anything else is the event's fault: it is rejected, and of a `json_batch` only the events
that are refused when they come alone.

**Repeats are sent again**: the server is to drop them by an id of your own, should it matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode, urlsplit

from pydantic import Field, field_validator, model_validator

from logsluice.components import Context
from logsluice.config.secrets import Secret
from logsluice.lang.as_json import Json, dumps, json_of
from logsluice.lang.templates import template
from logsluice.lang.text import sprintf_text
from logsluice.model import Encoded, Event
from logsluice.sinks._requests import RequestOptions, Requests, RequestSink, Target, is_header

CONTENT_TYPES = {
    "json": "application/json",
    "json_batch": "application/json",
    "form": "application/x-www-form-urlencoded",
    "message": "text/plain",
}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
SLACK = {"text": "%{message}"}

Render: TypeAlias = Callable[[Event], Any]


class Config(RequestOptions):
    """Options of the `http` output."""

    url: str = Field(min_length=1, repr=False, description="Where to, with %{field}.")
    preset: Literal["slack"] | None = Field(None, description="`slack`: the URL is that of an incoming webhook.")
    method: Literal["post", "put", "patch", "delete", "get", "head"] = Field("post", description="HTTP's.")
    format: Literal["json", "json_batch", "form", "message"] = Field("json", description="The form of a body.")
    message: str | None = Field(None, description="With `format: message`: the text, with %{field}.")
    mapping: dict[str, Any] | None = Field(None, description="What is sent instead of the whole event, with %{field}.")
    content_type: str | None = Field(None, description="Instead of what the format tells.")
    headers: dict[str, Secret] = Field(default_factory=dict, description="Sent with every request.")
    event_headers: dict[str, str] = Field(default_factory=dict, description="Headers with %{field}.")
    user: str | None = Field(None, description="For basic authentication.")
    password: Secret | None = Field(None, description="For basic authentication.")
    retryable_codes: tuple[int, ...] = Field((), description="Statuses that are tried again, beside 429 and 5xx.")
    ignorable_codes: tuple[int, ...] = Field((), description="Statuses that count as success.")

    @property
    def is_alert(self) -> bool:
        """See `logsluice.components.Options`."""
        return self.preset is not None

    @field_validator("url")
    @classmethod
    def _url(cls, text: str) -> str:
        template(text)
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") and not text.startswith("%{"):
            raise ValueError("must be a URL such as https://collector.example.com/logs")
        if parts.username is not None:
            raise ValueError("write `user` and `password` as options of their own, not within the URL")
        return text

    @field_validator("message")
    @classmethod
    def _template(cls, text: str | None) -> str | None:
        if text is not None:
            template(text)
        return text

    @field_validator("headers", "event_headers")
    @classmethod
    def _header_names(cls, headers: dict[str, Any]) -> dict[str, Any]:
        for name in headers:
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
        return headers

    @field_validator("event_headers")
    @classmethod
    def _templates(cls, headers: dict[str, str]) -> dict[str, str]:
        for text in headers.values():
            template(text)
        return headers

    @field_validator("mapping")
    @classmethod
    def _mapping(cls, mapping: dict[str, Any] | None) -> dict[str, Any] | None:
        rendering(mapping)
        return mapping

    @model_validator(mode="after")
    def _goes_together(self) -> Config:
        if (self.format == "message") != (self.message is not None):
            raise ValueError("`format: message` and `message` go together")
        if self.mapping is not None and self.format == "message":
            raise ValueError("`mapping` is for the other formats")
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` go together")
        if self.preset is not None and self.format != "json":
            raise ValueError("a preset says what is sent: leave `format` out")
        return self


def build(config: Config, context: Context) -> HttpSink:
    """The sink for a pipeline."""
    return HttpSink(config, context)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    if not config.verify_certificates:
        yield "verify_certificates", "anybody between here and the server can read and change what is sent"
    if "%{" in config.url.partition("://")[2].partition("/")[0]:
        yield (
            "url",
            "events say which server is asked, and shown the headers: who writes logs can name one of their own",
        )
    if config.method in ("get", "head"):
        yield "method", "many servers and proxies drop the body of such a request"
    if config.preset is None and config.format != "json_batch":
        yield "format", "a request for each event is slow: json_batch sends many in one, where the server takes that"


class HttpSink(RequestSink):
    """A `Sink` by HTTP."""

    def __init__(self, config: Config, context: Context) -> None:
        url = template(config.url)
        super().__init__(
            config,
            context.base,
            method=config.method.upper(),
            content_type=config.content_type or CONTENT_TYPES[config.format],
            headers=config.headers,
            user=config.user,
            password=config.password,
            together=config.format == "json_batch",
            own_urls=not url.is_constant,
            ignored=config.ignorable_codes,
            retried=config.retryable_codes,
        )
        mapping = SLACK if config.preset == "slack" and config.mapping is None else config.mapping
        self._url = url
        self._own_headers = [(name, template(text)) for name, text in config.event_headers.items()]
        self._same = Target(url.text) if url.is_constant and not self._own_headers else None
        self._is_json = config.format.startswith("json")
        self._body = _body(config, rendering(mapping), json_of(context.timestamps))

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """A body for each event, and where it goes."""
        requests, metadata = Requests(), list[dict[str, Any]]()
        for index, event in enumerate(events):
            try:
                target = self._same or self._target(event)
                requests.data += self._body(event)
            except ValueError as error:
                refuse(index, str(error))
                continue
            requests.end()
            requests.targets.append(target)
            metadata.append(event.get("@metadata", {}))
        return Encoded(requests, metadata, len(requests.data))

    def document(self, encoded: Encoded, index: int) -> bytes:
        """The body, as JSON."""
        body: bytes = encoded.body[index]
        return body if self._is_json else dumps({"message": body.decode("utf-8", "replace")})

    def _target(self, event: Event) -> Target:
        url = self._url.resolve(event)
        if url is None:
            raise ValueError(f"the event lacks a field of the URL {self._url.text!r}")
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"the event's values make no URL: {url[:200]!r}")
        headers = tuple((name, text.render(event)) for name, text in self._own_headers)
        if not all(is_header(text) for _, text in headers):
            raise ValueError("the event's values can't stand in a header")
        return Target(url, headers)


def rendering(value: Any) -> Render | None:
    """What fills in every text within a value; None for None. Raises ValueError where one can't be read."""
    if value is None:
        return None
    if isinstance(value, str):
        return template(value).render
    if isinstance(value, dict):
        inner = {template(str(name)): rendering(item) for name, item in value.items()}
        return lambda event: {name.render(event): item and item(event) for name, item in inner.items()}
    if isinstance(value, list):
        items = [rendering(item) for item in value]
        return lambda event: [item and item(event) for item in items]
    return lambda _: value


def _body(config: Config, mapped: Render | None, json: Json) -> Callable[[Event], bytes]:
    if config.message is not None:
        text = template(config.message)
        return lambda event: text.render(event).encode("utf-8", "replace")
    if config.format == "form":
        return lambda event: _form(mapped(event) if mapped else event)
    return json.document if mapped is None else lambda event: json.dumps(mapped(event))


def _form(fields: Mapping[str, Any]) -> bytes:
    texts = {name: sprintf_text(value) for name, value in fields.items() if name != "@metadata" and value is not None}
    return urlencode(texts, errors="replace").encode()
