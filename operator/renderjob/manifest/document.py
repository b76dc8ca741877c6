"""YAML as Kubernetes reads it, with lines: no key twice, no tags, no dates, no numbers in base 60."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import yaml

from .errors import ManifestError, Problem
from .scalars import ManifestLoader
from .values import Path, dotted

MAX_VALUES = 1_000_000
"""Values in a document with its aliases written out: a few lines of aliases can stand for billions."""
MAX_DEPTH = 100

_ESCAPE = re.compile(r"\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|.)", re.IGNORECASE | re.DOTALL)

_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map", "merge")
)


class Document:
    """One document: its data, and the line of each of its fields."""

    def __init__(self, node: yaml.Node, data: Any) -> None:
        self.data = data
        self._node = node

    def line_of(self, path: Sequence[str | int]) -> int:
        """The line of a field; of the nearest field around it where it is absent."""
        node, line = self._node, self._node.start_mark.line + 1
        for token in path:
            entry = _entry(node, token)
            if entry is None:
                break
            key, node = entry
            line = key.start_mark.line + 1
        return line

    def text_of(self, path: Sequence[str | int]) -> str | None:
        """A scalar as it was written, without quotes; None where there is none at this place."""
        node = self._node
        for token in path:
            entry = _entry(node, token)
            if entry is None:
                return None
            node = entry[1]
        return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def read_documents(text: str, source: str) -> list[Document]:
    """The documents of a YAML (or JSON) text, without the empty ones.

    Raises:
        ManifestError: the text is not YAML, with line and column; a key stands twice; there is a tag, or an
            alias that stands for too much.
    """
    loader = ManifestLoader(_without_pairs(text))
    documents = []
    try:
        while loader.check_node():
            node = loader.get_node()
            problems = list(_refused(node))
            if problems:
                raise ManifestError(problems, source)
            data = loader.construct_document(node)
            if data is not None:
                documents.append(Document(node, data))
    except yaml.YAMLError as error:
        raise ManifestError([_broken(error)], source) from None
    except ValueError:  # a number of thousands of digits
        raise ManifestError([Problem("", "a number has too many digits")], source) from None
    except RecursionError:
        raise ManifestError([Problem("", "the document is nested too deeply")], source) from None
    finally:
        loader.dispose()
    return documents


def _without_pairs(text: str) -> str:
    """JSON's escaped surrogate pairs, which YAML does not know, as YAML's own escape of the character."""

    def joined(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        return f"\\U{0x10000 + (int(match[1], 16) - 0xD800) * 0x400 + int(match[2], 16) - 0xDC00:08x}"

    return _ESCAPE.sub(joined, text) if text.lstrip().startswith(("{", "[")) else text


def _broken(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it can't be read"
    context = getattr(error, "context", None)
    at = f"column {mark.column + 1}: " if mark is not None else ""
    sentence = f"{at}not valid YAML: {what}" + (f" {context}" if context else "")
    return Problem("", sentence, line=mark.line + 1 if mark is not None else None)


def _entry(node: yaml.Node, token: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(token, int):
        return (node.value[token], node.value[token]) if token < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == token:
                return key, value
    return None


def _refused(root: yaml.Node) -> Iterator[Problem]:
    """What a document may not have. Aliased nodes are looked at once, and counted as often as they stand."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    found: list[Problem] = []

    def size_of(node: yaml.Node, path: Path) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        if id(node) in open_nodes or len(path) > MAX_DEPTH:
            why = "an alias stands inside of what it names" if id(node) in open_nodes else "nested too deeply"
            found.append(Problem(dotted(path), why, line=node.start_mark.line + 1))
            return 1
        open_nodes.add(id(node))
        if node.tag not in _TAGS:
            found.append(
                Problem(
                    dotted(path),
                    f"the tag {_short_tag(node.tag)} is not accepted",
                    line=node.start_mark.line + 1,
                )
            )
        size = 1
        if isinstance(node, yaml.SequenceNode):
            size += sum(size_of(item, (*path, index)) for index, item in enumerate(node.value))
        elif isinstance(node, yaml.MappingNode):
            found.extend(_bad_keys(node, path))
            size += sum(size_of(value, (*path, str(key.value))) for key, value in node.value)
        open_nodes.discard(id(node))
        sizes[id(node)] = size
        return size

    total = size_of(root, ())
    yield from found
    if total > MAX_VALUES:
        yield Problem(
            "", f"the document holds {total} values with its aliases; accepted: at most {MAX_VALUES}"
        )


def _bad_keys(node: yaml.MappingNode, path: Path) -> Iterator[Problem]:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            yield Problem(dotted(path), "a field's name is a list or a mapping; accepted: a word", line=line)
        elif key.tag.endswith(":merge"):
            continue
        elif key.value in lines:
            place = dotted((*path, key.value))
            yield Problem(
                place, f"stands twice, first in line {lines[key.value]}; remove one of them", line=line
            )
        else:
            lines[key.value] = line


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
