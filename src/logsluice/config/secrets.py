"""Values that must not be shown, and that may live elsewhere than in the configuration.

::

    password: "${PASSWORD}"                                   # put in when the configuration is read
    password: {env: PASSWORD}
    password: {file: /run/secrets/password}
    password: {secretsmanager: prod/opensearch, key: password}
    password: {ssm: /prod/opensearch/password}

A reference is read when the value is first needed and again every minute, a file as soon as it has changed, so that a
rotated password needs no restart. The last two take `region` as well; an ARN names its own.
"""

from __future__ import annotations

import abc
import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from pydantic import Field, GetCoreSchemaHandler, field_validator
from pydantic_core import CoreSchema, core_schema

from logsluice.components import Options, near
from logsluice.config.explain import refusals, validate
from logsluice.errors import UsageError

CACHE_SECONDS = 60.0
"""How long a value is believed: a request with the old one that is refused calls `refresh` sooner."""

_log = structlog.get_logger("secrets")


class Secret:
    """A secret as an option of a component: `password: Secret | None`. Never shown by `repr`, `str` or a dump.

    Equal when written alike. Shared by threads; one of them reads, the others wait for it.

    Args:
        value: The secret itself, or a mapping that says where it is.

    Raises:
        ValueError: It is neither; a pydantic ValidationError where a mapping's names are wrong.
    """

    def __init__(self, value: str | Mapping[str, Any]) -> None:
        self._place = _place_of(value)
        self._lock = threading.Lock()
        self._value: str | None = None
        self._stamp: object = None
        self._read_at = 0.0

    def reveal(self) -> str:
        """The value; blocks for a request's time when it is due to be read.

        A value that was read once outlives a place that can't be read: an outage there does not become ours.

        Raises:
            UsageError: It was never read, and can't be.
        """
        with self._lock:
            if self._value is not None and not self._is_due():
                return self._value
            try:
                return self._read()
            except UsageError as error:
                if self._value is None:
                    raise
                self._read_at = time.monotonic()
                _log.warning("a secret can't be read again, so the value known is used", reason=str(error))
                return self._value

    def refresh(self) -> bool:
        """Read it now, whatever is known: after a refusal of what `reveal` gave.

        Returns:
            Whether the value is another one.

        Raises:
            UsageError: It can't be read.
        """
        with self._lock:
            known = self._value
            return self._read() != known

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __str__(self) -> str:
        return str(self._place)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._place == other._place

    def __hash__(self) -> int:
        return hash(self._place)

    def _is_due(self) -> bool:
        return time.monotonic() - self._read_at >= CACHE_SECONDS or self._place.stamp() != self._stamp

    def _read(self) -> str:
        stamp = self._place.stamp()  # before the value: a change in between is then seen the next time
        self._value, self._stamp, self._read_at = self._place.read(), stamp, time.monotonic()
        return self._value

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls(value),
            json_schema_input_schema=handler.generate_schema(str | _Env | _File | _SecretsManager | _Ssm),
            serialization=core_schema.to_string_ser_schema(),
        )


class _Place(Options):
    """Where a secret is; `str` names it without showing the value."""

    @abc.abstractmethod
    def read(self) -> str:
        """The value now. Raises UsageError."""

    def stamp(self) -> object:
        """What is different when the value surely has to be read again."""
        return None

    def __str__(self) -> str:
        return "{" + ", ".join(f"{name}: {value}" for name, value in self if value is not None) + "}"


class _Text(_Place):
    text: str = Field(repr=False)

    def read(self) -> str:
        return self.text

    def __str__(self) -> str:
        return "***"


class _Env(_Place):
    env: str = Field(min_length=1, description="The name of an environment variable.")

    def read(self) -> str:
        try:
            return os.environ[self.env]
        except KeyError:
            raise UsageError(f"the environment variable {self.env} is not set", "set it, and start again") from None


class _File(_Place):
    file: Path = Field(description="An absolute path; a newline at the end of the file is not part of the secret.")

    @field_validator("file")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        path = path.expanduser()
        if not path.is_absolute():
            raise ValueError("a secret's file is named by its whole path, such as /run/secrets/password")
        return path

    def read(self) -> str:
        try:
            text = self.file.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"the secret in {self.file} can't be read: {error.strerror}", "check the path") from None
        except UnicodeDecodeError:
            raise UsageError(f"the secret in {self.file} is not a text in UTF-8") from None
        return text.removesuffix("\n").removesuffix("\r")

    def stamp(self) -> object:
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


class _SecretsManager(_Place):
    secretsmanager: str = Field(min_length=1, description="A secret's name or ARN in AWS Secrets Manager.")
    key: str | None = Field(None, description="Which value of a secret that is a JSON object; else all of its text.")
    region: str | None = Field(None, description="Its region; else that of the ARN or of the environment.")

    def read(self) -> str:
        answer = _call("secretsmanager", "get_secret_value", self.region, self.secretsmanager, "SecretId")
        text = answer.get("SecretString")
        text = answer["SecretBinary"].decode("utf-8", "replace") if text is None else text
        return str(text) if self.key is None else self._value_in(text, self.key)

    def _value_in(self, text: str, key: str) -> str:
        try:
            values = json.loads(text)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise UsageError(f"the secret {self.secretsmanager} is no JSON object", "leave `key` out to use all of it")
        if key not in values:
            raise UsageError(f"the secret {self.secretsmanager} has no key {key!r}{near(key, values)}")
        return str(values[key])


class _Ssm(_Place):
    ssm: str = Field(min_length=1, description="A parameter's name or ARN in AWS Systems Manager Parameter Store.")
    region: str | None = Field(None, description="Its region; else that of the ARN or of the environment.")

    def read(self) -> str:
        answer = _call("ssm", "get_parameter", self.region, self.ssm, "Name", WithDecryption=True)
        return str(answer["Parameter"]["Value"])


_PLACES: Mapping[str, type[_Place]] = {"env": _Env, "file": _File, "secretsmanager": _SecretsManager, "ssm": _Ssm}


def _place_of(value: object) -> _Place:
    """Where a configured value says that the secret is."""
    if isinstance(value, str):
        return _Text(text=value)
    if not isinstance(value, Mapping) or not value:
        raise ValueError("must be a text (a number in quotes), or say where the secret is: {file: /run/secrets/name}")
    named = [name for name in _PLACES if name in value]
    if len(named) > 1:
        raise ValueError(f"a secret is in one place: either {' or '.join(named)}")
    if not named:
        wrong = [((str(name),), f"there is no option {name!r}{near(str(name), _PLACES)}") for name in value]
        raise refusals(wrong)
    place: _Place = validate(_PLACES[named[0]], dict(value))
    return place


def _call(service: str, operation: str, region: str | None, name: str, parameter: str, **more: Any) -> Any:
    """One call of AWS. Raises UsageError."""
    from botocore.exceptions import BotoCoreError, ClientError

    from logsluice.aws.faults import explain
    from logsluice.aws.session import AwsOptions

    if region is None and name.startswith("arn:"):
        region = name.split(":")[3]
    try:
        return getattr(AwsOptions(region=region).client(service), operation)(**{parameter: name}, **more)
    except (BotoCoreError, ClientError) as error:
        raise explain(error, f"can't read the secret {name}") from error
