"""YAML to plain values, with the line of every option and `${VAR}` replaced.

`${VAR}` takes a value from the environment, `${VAR:default}` falls back, `$${` stays a literal `${`. What comes from
the environment may be a secret: `Document.hide` puts the reference back into any message that would show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from logsluice.config.document import Document, Mark, Path, dotted
from logsluice.errors import ConfigError, Problem

_REFERENCE = re.compile(r"\$(\$\{)|\$\{([A-Za-z_][A-Za-z0-9_.]*)(?::([^}]*))?\}")
_UNQUOTED = re.compile(r"(?<![\"'\w])\$\{")
_MERGE_TAG = "tag:yaml.org,2002:merge"
_MARK = re.compile(r"\s*\n\s*")


def parse(text: str, file: str, environ: Mapping[str, str] | None) -> Document:
    """Read one YAML document.

    Args:
        text: What is written.
        file: Its name, for messages.
        environ: For `${VAR}`; None leaves these as they are.

    Raises:
        ConfigError: The text is no YAML; its one problem names the line.
    """
    document = Document(file)
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
        if root is not None:
            document.data = _Builder(yaml, document, environ).build(root, (), ())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(filter(None, (error.context, error.problem)))
        line = mark.line + 1 if mark else 0
        around = text.splitlines()[line - 1 : line]
        hint = '; put quotes around "${...}"' if around and _UNQUOTED.search(around[0]) else ""
        raise ConfigError([Problem(f"this is not YAML: {_MARK.sub(' ', what)}{hint}", file, line)]) from None
    except YAMLError as error:
        raise ConfigError([Problem(f"this is not YAML: {_MARK.sub(' ', str(error))}", file)]) from None
    return document


class _Builder:
    """Makes plain values of a graph of YAML nodes, and notes where each came from."""

    def __init__(self, yaml: YAML, document: Document, environ: Mapping[str, str] | None) -> None:
        self._yaml = yaml
        self._document = document
        self._environ = environ

    def build(self, node: Node, path: Path, inside: tuple[int, ...]) -> Any:
        """The value of a node; `inside` are the nodes around it, for an alias may name one of them."""
        self._document.marks.setdefault(path, Mark(self._document.file, node.start_mark.line + 1))
        if id(node) in inside:
            self._document.problems.append(self._document.problem(path, "this alias names what it stands in"))
            return None
        inside = (*inside, id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path, inside)
        if isinstance(node, SequenceNode):
            return [self.build(child, (*path, index), inside) for index, child in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        value = self._scalar(node, path)
        return self._substitute(value, path) if isinstance(value, str) else value

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        try:
            return self._yaml.constructor.construct_object(node)
        except ValueError as error:  # 2018-13-01 has the form of a date
            kind = str(node.tag).rpartition(":")[2]
            said = f"this can't be read as YAML's {kind}: {error}; put quotes around a text"
            self._document.problems.append(self._document.problem(path, said))
            return str(node.value)

    def _mapping(self, node: MappingNode, path: Path, inside: tuple[int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                for source in self._merge_sources(value_node):
                    merged = self.build(source, path, inside) | merged
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in result:
                self._document.problems.append(
                    Problem(
                        "this option is given twice", self._document.file, key_node.start_mark.line + 1, dotted(here)
                    )
                )
                continue
            self._document.marks[here] = Mark(self._document.file, key_node.start_mark.line + 1)
            result[key] = self.build(value_node, here, inside)
        return merged | result

    @staticmethod
    def _merge_sources(node: Node) -> Iterator[MappingNode]:
        for source in node.value if isinstance(node, SequenceNode) else [node]:
            if isinstance(source, MappingNode):
                yield source

    def _substitute(self, text: str, path: Path) -> str:
        environ = self._environ
        if environ is None:
            return text

        def replace(match: re.Match[str]) -> str:
            if match[1]:
                return "${"
            name, default = match[2], match[3]
            value = environ.get(name)
            if value is not None:
                self._document.note_secret(value, name)
                return value
            if default is None:
                message = f"the environment variable {name} is not set; set it or write ${{{name}:a default}}"
                self._document.problems.append(self._document.problem(path, message))
                return ""
            return str(default)

        return _REFERENCE.sub(replace, text)
