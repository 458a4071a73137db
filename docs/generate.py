"""Writes docs/components.md, docs/fields.md, README's lists and the tables of docs/migrating-from-logstash.md.

All are made from the components themselves.
"""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from logsluice.cluster.templates import Cluster, properties
from logsluice.compat.logstash import plugins
from logsluice.components import Kind, find, names
from logsluice.config.types import parse_duration, parse_size
from logsluice.filters._common import CommonOptions
from logsluice.formats.fields import Field

COLLECTIONS = (tuple, list, dict, Mapping)
KINDS: dict[Any, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    tuple: "list",
    list: "list",
    dict: "mapping",
    Mapping: "mapping",
}
TITLES: dict[Kind, str] = {"sources": "Sources", "filters": "Filters", "sinks": "Outputs", "formats": "Formats"}

PLUGINS: dict[plugins.Kind, tuple[str, type[BaseModel]]] = {
    "inputs": ("Inputs", plugins.InputSettings),
    "outputs": ("Outputs", plugins.OutputSettings),
    "codecs": ("Codecs", plugins.CodecSettings),
}
FIELDS_HEAD = """\
# Fields

Made by `docs/generate.py` from the formats' declarations, from which the parsers, the store's columns and the index
templates are made as well; `logsluice formats NAME` prints the same. *In the cluster* is the type in the index template
of OpenSearch 2.7 and newer (on Elasticsearch `flattened` for `flat_object`); `logsluice templates CONFIG` prints whole
templates. *AWS* is the name that AWS's documentation has, where it is another one. Fields that are not declared are
kept: text becomes `keyword`.

Every event has `@timestamp` (date), and unless `origin: false`, `origin.uri` and `origin.version` (keyword) and
`origin.position` (long). `tags` is a keyword. S3logsbeat's configurations give events without `origin`; with
`s3logsbeat.beat_fields: true` they have `beat.hostname`, `beat.name` and `beat.version` (keyword).
"""
GENERATED = "<!-- what follows is generated -->"


def page() -> Iterator[str]:
    """The lines of the page."""
    yield "# Components"
    yield ""
    yield "Made from the components' own docstrings and options by `docs/generate.py`. The pipeline around them is"
    yield "described in [configuration.md](configuration.md)."
    for kind, title in TITLES.items():
        yield from ("", f"## {title}")
        for name in names(kind):
            module = find(kind, name)
            yield from ("", f"### {name}", "", (module.__doc__ or "").strip())
            if kind != "formats":
                yield from _options(module.Config)
            elif _declared(module):
                yield from ("", f"Its fields: [fields.md](fields.md#{name}).")


def _options(config: type[BaseModel]) -> Iterator[str]:
    if not config.model_fields:
        return
    said = _attributes(config)
    yield from ("", "| option | type | default | |", "|---|---|---|---|")
    for name, field in config.model_fields.items():
        kind = _type(field)
        default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True), kind)
        about = field.description or said.get(name, "")
        yield f"| `{field.alias or name}` | {kind} | {default} | {about} |".replace("  |", " |")


def _attributes(config: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a model and its bases say of their attributes (google style)."""
    found: dict[str, str] = {}
    for each in reversed(config.__mro__):
        section = (inspect.getdoc(each) or "").partition("\nAttributes:\n")[2] if each.__dict__.get("__doc__") else ""
        for entry in re.split(r"\n(?=    \w)", section.partition("\n\n")[0]):
            name, _, about = entry.strip().partition(": ")
            found[name] = " ".join(about.split())
    return found


def fields_page() -> Iterator[str]:
    """The lines of docs/fields.md."""
    yield from (line.rstrip() for line in FIELDS_HEAD.splitlines())
    for name in names("formats"):
        module = find("formats", name)
        fields = _declared(module)
        if not fields:
            continue
        yield from ("", f"## {name}", "", (module.__doc__ or "").strip().partition("\n")[0], "")
        if "as_s3logsbeat" in inspect.signature(module.build).parameters:
            yield from ("With `as_s3logsbeat` the fields and types are the same.", "")
        yield from ("| field | type | in the cluster | AWS | ECS | |", "|---|---|---|---|---|---|")
        mapped = properties(fields, Cluster())
        for field in fields:
            kind = f"list of {field.kind}" if field.many else field.kind
            mapping = _mapping(mapped, field.name.split("."))
            yield f"| `{field.name}` | {kind} | {mapping} | {field.aws} | {field.ecs} | {field.about} |"


def _declared(module: ModuleType) -> Sequence[Field]:
    try:
        fields: Sequence[Field] = module.build().fields
    except (TypeError, ValueError):  # it needs options to say which fields there are
        return ()
    return fields


def _mapping(mapped: dict[str, Any], path: list[str]) -> str:
    """A field's type in the template; that of an object around it, when this covers it."""
    found = mapped[path[0]]
    for name in path[1:]:
        if "properties" not in found:
            break
        found = found["properties"][name]
    kind: str = found.get("type", "object")
    return f"{kind}, `.keyword`" if "fields" in found else kind


def _shown(value: object, kind: str) -> str:
    if value in (None, PydanticUndefined, "", (), {}) or isinstance(value, BaseModel):
        return ""
    if kind == "duration":
        return f"{value:g}s"
    if kind == "size":
        return f"{value // 1024}KiB" if isinstance(value, int) else ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type(field: FieldInfo) -> str:
    """The type in the words of YAML."""
    validators = [getattr(each, "func", None) for each in field.metadata]
    if parse_duration in validators:
        return "duration"
    if parse_size in validators:
        return "size"
    choices = [each for each in typing.get_args(field.annotation) if each is not type(None)] or [field.annotation]
    if typing.get_origin(field.annotation) is Literal:
        return " or ".join(map(str, choices))
    annotation = field.annotation if typing.get_origin(field.annotation) in COLLECTIONS else choices[0]
    if typing.get_origin(annotation) is Literal:
        return " or ".join(map(str, typing.get_args(annotation)))
    origin = typing.get_origin(annotation) or annotation
    return KINDS.get(origin, "mapping" if isinstance(origin, type) and issubclass(origin, BaseModel) else "text")


def listing(kind: Kind, row: re.Match[str]) -> str:
    """README's row of a kind: what it lists stays in its order, new ones come behind."""
    known = names(kind)
    listed = [name for name in re.findall(r"`(\w+)`", row[2]) if name in known and name != "auto"]
    listed += [name for name in known if name not in (*listed, "auto")]
    end = ", and `auto`, which finds them" if "auto" in known else row[3]
    return f"| {row[1]} | {' '.join(f'`{name}`' for name in listed)}{end} |"


def migration(text: str) -> str:
    """The page about Logstash with its tables renewed."""
    return "\n".join([*text.partition(GENERATED)[0].splitlines(), GENERATED, *_plugins()]) + "\n"


def _plugins() -> Iterator[str]:
    yield from ("", "### Filters", "", "| filter | options beside the common ones |", "|---|---|")
    for name in names("filters"):
        fields = find("filters", name).Config.model_fields
        own = [f"`{each.alias or key}`" for key, each in fields.items() if key not in CommonOptions.model_fields]
        yield f"| `{name}` | {', '.join(each for each in own if each != '`semantics`')} |"
    yield from ("", f"Common options: {_listed(CommonOptions)}, `enable_metric`, `periodic_flush`.")
    for kind, (title, common) in PLUGINS.items():
        yield from ("", f"### {title}", "", f"Common options: {_listed(common)}.")
        for name in plugins.names(kind):
            module = plugins.find(kind, name)
            summary = " ".join((module.__doc__ or "").partition("\n\n")[0].split())
            yield from ("", f"**{name}**: {summary}")
            settings: dict[str, FieldInfo] = module.Settings.model_fields
            options = {key: each for key, each in settings.items() if key not in common.model_fields}
            if options:
                yield from ("", "| option | default | |", "|---|---|---|")
            for key, each in options.items():
                default = "required" if each.is_required() else _plain(each.get_default(call_default_factory=True))
                default = default.replace("|", "\\|")
                yield f"| `{each.alias or key}` | {default} | {each.description or ''} |".replace("  |", " |")


def _listed(model: type[BaseModel]) -> str:
    return ", ".join(f"`{each.alias or name}`" for name, each in model.model_fields.items())


def _plain(value: object) -> str:
    """A default in Logstash's words."""
    if value in (None, "", (), {}, PydanticUndefined):
        return ""
    shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    if isinstance(value, bool):
        shown = shown.lower()
    return f"`{shown!r}`" if "\n" in shown else f"`{shown}`"


def main() -> None:
    """Renew the files in place."""
    root = Path(__file__).parent.parent
    page_of_logstash = root / "docs" / "migrating-from-logstash.md"
    page_of_logstash.write_text(migration(page_of_logstash.read_text(encoding="utf-8")), encoding="utf-8")
    (root / "docs" / "components.md").write_text("\n".join(page()) + "\n", encoding="utf-8")
    (root / "docs" / "fields.md").write_text("\n".join(fields_page()) + "\n", encoding="utf-8")
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    kinds: tuple[Kind, ...] = ("formats", "filters")
    for kind in kinds:
        row = rf"^\| ({TITLES[kind]}) \| (.*?)(, [^`]*)? \|$"
        text = re.sub(row, functools.partial(listing, kind), text, flags=re.MULTILINE)
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
