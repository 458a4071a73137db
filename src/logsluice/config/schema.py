"""The JSON Schema of configurations, for editors: every component by its name, with its options and what they mean.

It is made from the components themselves, third parties' included, and is a little more generous than `check`: any
value may be a `${VARIABLE}`, any list of texts a single text, and what two options mean together is not in it.
"""

from __future__ import annotations

import collections.abc
import inspect
from collections.abc import Iterator
from typing import Any, TypeAlias, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from logsluice.components import Kind, find, names
from logsluice.config.model import ACTIONS, ConfigModel, FilterBranch, OutputBranch, OutputSettings, PipelineModel
from logsluice.delivery.policies import DEFAULTS

JsonSchema: TypeAlias = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The newest that editors' YAML support understands as a whole; pydantic's `$defs` is known to all of them."""

_PLACE = "#/$defs/{model}"
_MAPPINGS = ("properties", "$defs", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf")
_ONE = ("items", "additionalProperties", "propertyNames")
_VARIABLE: JsonSchema = {"type": "string", "pattern": r"\$\{.+\}", "description": "A value from the environment."}


def schema() -> JsonSchema:
    """The whole configuration as a JSON Schema."""
    kinds: tuple[Kind, ...] = ("sources", "filters", "sinks")
    configs = {(kind, name): find(kind, name).Config for kind in kinds for name in names(kind)}
    own = (ConfigModel, PipelineModel, FilterBranch, OutputBranch, OutputSettings)
    places, made = models_json_schema([(m, "validation") for m in (*own, *configs.values())], ref_template=_PLACE)
    definitions: JsonSchema = made["$defs"]

    def defined(model: Any) -> JsonSchema:
        found: JsonSchema = definitions[places[model, "validation"]["$ref"].rpartition("/")[2]]
        return found

    def of(kind: Kind) -> Iterator[tuple[str, JsonSchema]]:
        for name in names(kind):
            said = (find(kind, name).__doc__ or "").partition("\n\n")[0].replace("\n", " ")
            yield name, {**defined(configs[kind, name]), "description": said}

    definitions["source"] = {"oneOf": [_typed(name, options) for name, options in of("sources")]}
    definitions["format"] = {"anyOf": list(_formats())}
    definitions["filter"] = {"anyOf": [_ref(places, FilterBranch), *_named(dict(of("filters")), {})]}
    settings = defined(OutputSettings)["properties"]
    definitions["output"] = {"anyOf": [_ref(places, OutputBranch), *_named(dict(of("sinks")), settings)]}
    for branch, node in ((FilterBranch, "filter"), (OutputBranch, "output")):
        listed = {"type": "array", "items": {"$ref": f"#/$defs/{node}"}}
        defined(branch)["properties"] |= {"if": {"type": "string"}, "then": listed, "else": listed}
    _pipeline(defined(PipelineModel)["properties"])
    whole = {**defined(ConfigModel), "$defs": definitions}
    return {"$schema": DIALECT, "title": "logsluice", **_generous(whole)}


def _ref(places: Any, model: Any) -> JsonSchema:
    return dict(places[model, "validation"])


def _pipeline(options: JsonSchema) -> None:
    """What the model checks by functions of its own, said in the schema's words."""
    actions = {name: {"enum": list(ACTIONS), "default": DEFAULTS[name]} for name in DEFAULTS}
    for name, said in (
        ("source", {"$ref": "#/$defs/source"}),
        ("format", {"$ref": "#/$defs/format"}),
        ("key_fields", {"type": "string", "format": "regex"}),
        ("on", {"type": "object", "properties": actions, "additionalProperties": False}),
    ):
        options[name] = said | {key: options[name][key] for key in ("description",) if key in options[name]}
    options["filters"]["items"] = {"$ref": "#/$defs/filter"}
    options["outputs"]["items"] = {"$ref": "#/$defs/output"}


def _typed(name: str, options: JsonSchema) -> JsonSchema:
    """`{type: name, option: value}`."""
    properties = {"type": {"const": name}, **options.get("properties", {})}
    return {**options, "properties": properties, "required": ["type", *options.get("required", ())]}


def _named(components: dict[str, JsonSchema], settings: JsonSchema) -> Iterator[JsonSchema]:
    """`{name: {option: value}}` with the settings beside it, or the bare name of one that needs no option."""
    yield {"enum": [name for name, options in components.items() if not options.get("required")]}
    for name, options in components.items():
        value = options if options.get("required") else {"anyOf": [options, {"type": "null"}]}
        yield {
            "type": "object",
            "properties": {name: value, **settings},
            "required": [name],
            "additionalProperties": False,
        }


def _formats() -> Iterator[JsonSchema]:
    yield {"enum": list(names("formats"))}
    for name in names("formats"):
        build = find("formats", name).build
        hints = get_type_hints(build, localns={**vars(collections.abc), "Format": object})  # imported for types only
        options = {option: TypeAdapter(hints[option]).json_schema() for option in inspect.signature(build).parameters}
        yield _typed(name, {"type": "object", "properties": options, "additionalProperties": False})


def _generous(node: Any) -> Any:
    """The same for what stands in files: see the module's docstring. Titles, which repeat the names, are left out."""
    if not isinstance(node, dict):
        return node
    made: JsonSchema = {}
    for key, value in node.items():
        if key in _MAPPINGS:
            made[key] = {name: _generous(each) for name, each in value.items()}
        elif key in _LISTS:
            made[key] = [_generous(each) for each in value]
        elif key in _ONE:
            made[key] = _generous(value)
        elif key == "default":
            # durations and sizes are kept as numbers and written as texts; a default that can't be written is no help
            if "string" not in node.get("type", ()) or isinstance(value, str):
                made[key] = value
        elif key != "title":
            made[key] = value
    return _with_alternatives(made)


def _with_alternatives(node: JsonSchema) -> JsonSchema:
    alternatives = []
    if node.get("type") in ("integer", "number", "boolean") or {"enum", "pattern", "format"} & node.keys():
        alternatives = [_VARIABLE]
    elif node.get("type") == "array" and node.get("items", {}).get("type") == "string":
        alternatives = [node["items"]]
    if not alternatives:
        return node
    beside: JsonSchema = {key: node.pop(key) for key in ("description", "default", "examples") if key in node}
    return {**beside, "anyOf": [node, *alternatives]}
