"""What the translation of a plugin is made of.

An input, output or codec of Logstash is a module under `inputs/`, `outputs/` or `codecs/`, found by its name; third
parties add theirs by an entry point in the group `logsluice.logstash.inputs` and so on. Each has

- `Settings`: the options with Logstash's names, a subclass of `InputSettings`, `OutputSettings` or `CodecSettings`;
- `translate(settings)`: an `Input` or `Output`; a codec has `reads(settings, feed)` and `writes(settings)` instead: the
  native format for what an input feeds it with, and how an output writes events; ValueError where it can't do one.

Filters need none: the native ones have Logstash's names and options.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError

from logsluice.compat.logstash.syntax import Plugin
from logsluice.components import Options, UnknownComponent, module_named, registered
from logsluice.config.document import Mark
from logsluice.filters._options import NameLists, Text, Texts, pairs

Kind: TypeAlias = Literal["inputs", "outputs", "codecs"]

LONGEST_DOCUMENT = "64MiB"
"""The files of CloudTrail and others are one document, and larger than any line."""


def _codec(value: Any) -> Any:
    return Plugin(value, (), Mark()) if isinstance(value, str) else value


def _flag(value: Any) -> Any:
    """`true`, `"true"` and a list of one: as Logstash coerces."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _java_store(_: Any) -> Any:
    raise ValueError("stores of Java can't be read: export the certificates to a PEM file (openssl pkcs12, keytool)")


Flag: TypeAlias = Annotated[bool, BeforeValidator(_flag)]
Codec: TypeAlias = Annotated[Plugin, BeforeValidator(_codec)]

Pairs: TypeAlias = Annotated[dict[str, Any], BeforeValidator(pairs)]
"""An object, or a list of names and values in turn."""

JavaStore: TypeAlias = Annotated[Any, BeforeValidator(_java_store)]
"""Options of `.jks` and `.p12` files, which are refused."""

LISTED = BeforeValidator(lambda value: value if isinstance(value, list | tuple) else [value])
"""A single value need not be in a list."""

UNUSED = "Accepted, without effect: "


class PluginSettings(Options):
    """What every plugin has."""

    id: Text | None = Field(default=None, description="A name for logs and metrics.")
    enable_metric: Flag = Field(default=True, description="Accepted, without effect: metrics are always there.")


class InputSettings(PluginSettings):
    """What every input has."""

    type: Text | None = Field(default=None, description="Set on events that have no `type`.")
    tags: Texts = Field(default=(), description="Added to `tags`.")
    add_field: NameLists = Field(default_factory=dict, description="Fields to add.")
    codec: Codec | None = Field(default=None, description="How bytes become events.")

    _path_data: str = PrivateAttr(default="")

    @property
    def limits(self) -> dict[str, Any]:
        """Native options of the pipeline: whole JSON documents, such as CloudTrail's files, are longer than lines."""
        is_json = self.codec is not None and self.codec.name in ("json", "json_lines")
        return {"limits": {"record": LONGEST_DOCUMENT}} if is_json else {}

    @property
    def codec_has_delimiter(self) -> bool:
        """Whether events end in something of the codec's own (`line`): a newline may then stand within one."""
        given = self.codec.attributes if self.codec is not None else ()
        return any(attribute.name == "delimiter" and attribute.value != "\n" for attribute in given)

    def keep_data_in(self, folder: str) -> None:
        """Say what `path.data` is, where Logstash itself has kept its positions; "" where it is not known."""
        self._path_data = folder

    @property
    def path_data(self) -> str:
        """See `keep_data_in`."""
        return self._path_data


class OutputSettings(PluginSettings):
    """What every output has."""

    codec: Codec | None = Field(default=None, description="How events become bytes.")
    workers: int | None = Field(default=None, description="Accepted, without effect: see pipeline.workers.")


class CodecSettings(PluginSettings):
    """What every codec has."""


@dataclass(frozen=True, slots=True)
class Feed:
    """How an input hands bytes to its codec.

    Attributes:
        whole: All at once, such as the body of a message; else line by line.
        newline: Whether a line that is handed over ends in its newline: `cut`, `kept`, or `added` to every line
            whatever ended it.
        cut_keys: A Ruby regular expression over object keys and paths: in these the newline is cut.
        delimiter: What ends a line.
        headers: Whether the input makes `cloudfront_version` and `cloudfront_fields` of CloudFront's header lines.
    """

    whole: bool = False
    newline: Literal["cut", "kept", "added"] = "cut"
    cut_keys: str = ""
    delimiter: str = "\n"
    headers: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """An input in native words.

    Attributes:
        source: The source, with its type.
        default_codec: The codec where the configuration names none.
        format: The native format where the codec has no say.
        pipeline: Further options of the pipeline that it feeds.
        feed: How it hands bytes to its codec.
        filters: Native filters for its events, before those of the configuration.
        warnings: (option, sentence) for each option of Logstash's that is missed when it does nothing.
    """

    source: dict[str, Any]
    default_codec: str = "plain"
    format: Any = None
    pipeline: dict[str, Any] = field(default_factory=dict)
    feed: Feed = Feed()
    filters: tuple[dict[str, Any], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """An output in native words: the sink's name and options.

    Attributes:
        sink: The sink's name.
        options: Its options.
        warnings: (option, sentence) for each option of Logstash's that does something else here, or nothing.
        settings: What stands beside the sink's name: `required`.
    """

    sink: str
    options: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[tuple[str, str], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


@cache
def names(kind: Kind) -> tuple[str, ...]:
    """Every plugin of a kind that can be translated, sorted."""
    package = importlib.import_module(f"logsluice.compat.logstash.{kind}")
    own = {module.name for module in pkgutil.iter_modules(package.__path__)}
    return tuple(sorted(own | registered(f"logsluice.logstash.{kind}")))


@cache
def find(kind: Kind, name: str) -> ModuleType:
    """The module of a plugin.

    Raises:
        UnknownComponent: With the near matches in its message.
    """
    groups = f"logsluice.logstash.{kind}"
    return module_named(name, names(kind), kind.rstrip("s"), f"logsluice.compat.logstash.{kind}", groups)


def format_of(codec: str, feed: Feed, option: str) -> Any:
    """The native format for a codec that is named without options.

    Raises:
        ValueError: What is wrong with it, and in which option.
    """
    try:
        module = find("codecs", codec)
        return module.reads(module.Settings(), feed)
    except UnknownComponent as error:
        raise ValueError(f"{option}: {error}") from None
    except ValidationError:
        raise ValueError(f"{option}: the codec {codec} needs options, so it can't be used here") from None
