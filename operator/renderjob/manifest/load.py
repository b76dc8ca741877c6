"""From a manifest's text to RenderJobs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from renderjob.api import API_VERSION, GROUP, KIND, RenderJob

from .document import Document, read_documents
from .errors import ManifestError, Problem
from .problems import problems_of
from .strict import strict_problems
from .suggest import plain
from .values import Path, dotted, shown

LISTS = ("List", f"{KIND}List")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A RenderJob of a manifest."""

    job: RenderJob
    """As it was understood."""
    data: dict[str, Any]
    """As it was written: no default, no other spelling of a value."""
    place: str
    """Where its name stands: `shots.yaml, line 12`."""


def read_text(path: str | FilePath) -> str:
    """The text of a manifest's file.

    Raises:
        ManifestError: it can't be read, or is not UTF-8.
    """
    source = str(path)
    try:
        return FilePath(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(
            [Problem("", f"not UTF-8 text: byte {error.start + 1} is 0x{error.object[error.start]:02x}")],
            source,
        ) from None
    except ValueError as error:  # a name with a NUL in it
        raise ManifestError([Problem("", f"can't be read: {error}")], source) from None
    except OSError as error:
        raise ManifestError([Problem("", f"can't be read: {error.strerror or error}")], source) from None


def load_file(path: str | FilePath) -> list[RenderJob]:
    """The RenderJobs of a YAML or JSON file.

    Raises:
        ManifestError: the file can't be read, is not UTF-8, or holds anything but valid RenderJobs.
    """
    return load_manifests(read_text(path), str(path))


def load_manifests(text: str, source: str) -> list[RenderJob]:
    """The RenderJobs of a text of one or more YAML (or JSON) documents; `source` names it in errors.

    A `kind: List` counts as its items. What the API server would refuse is refused here too.

    Raises:
        ManifestError: with all problems of all documents.
    """
    return [loaded.job for loaded in load_resources(text, source)]


def load_resources(text: str, source: str, skipped: list[str] | None = None) -> list[Loaded]:
    """The same, each with its data as it was written.

    Args:
        text: one or more documents.
        source: names the text in errors.
        skipped: takes the names of resources of other kinds, such as `ConfigMap scripts (line 12)`, which stand
            beside RenderJobs in many a file; None: these are refused.

    Raises:
        ManifestError: with all problems of all documents, or without any RenderJob.
    """
    resources: list[Loaded] = []
    problems: list[Problem] = []
    others: list[tuple[str, list[Problem]]] = []
    for document in read_documents(text, source):
        for prefix, data in _resources(document, problems):
            other = _other_kind(data)
            if other and skipped is not None:
                line = document.line_of(prefix)
                refusal, _ = _resource(data, prefix, document)
                others.append((f"{other} (line {line})", refusal))
                continue
            placed, job = _resource(data, prefix, document)
            problems += placed
            if job is not None:
                place = f"{source}, line {document.line_of((*prefix, 'metadata', 'name'))}"
                resources.append(Loaded(job, json.loads(json.dumps(data)), place))
    if resources or problems:
        skipped = [] if skipped is None else skipped
        skipped += [name for name, _ in others]
    else:
        problems += [problem for _, refusal in others for problem in refusal]
    if not resources and not problems:
        problems.append(Problem("", f"empty; accepted: a {KIND} of apiVersion {API_VERSION}"))
    if problems:
        raise ManifestError(problems, source)
    return resources


def _resources(document: Document, problems: list[Problem]) -> Iterator[tuple[Path, Any]]:
    """The resources of a document: itself, or a list's items."""
    data = document.data
    if not isinstance(data, Mapping) or data.get("kind") not in LISTS:
        yield (), data
        return
    items = data.get("items")
    if not isinstance(items, list) or not items:
        line = document.line_of(("items",))
        problems.append(Problem("items", f"accepted: a list of {KIND} resources", shown(items), line=line))
        return
    for index, item in enumerate(items):
        yield ("items", index), item


def _resource(data: Any, prefix: Path, document: Document) -> tuple[list[Problem], RenderJob | None]:
    def placed(found: list[tuple[Path, Problem]]) -> list[Problem]:
        return [
            replace(problem, path=dotted((*prefix, *path)), line=document.line_of((*prefix, *path)))
            for path, problem in found
        ]

    if not isinstance(data, Mapping):
        sentence = f"accepted: a mapping with apiVersion, kind: {KIND}, metadata and spec"
        return placed([((), Problem("", sentence, found=shown(data)))]), None
    wrong_kind = _kind(data)
    if wrong_kind:
        return placed(wrong_kind), None
    header = _version(data)
    # A wrong version is told already, and must not hide what else is wrong. The status is not a user's to write:
    # that of an exported resource is left out, as the API server does.
    data = {key: value for key, value in data.items() if key != "status"}
    data |= {"apiVersion": API_VERSION, "kind": KIND}
    checked = json.dumps(data)
    job = None
    try:
        job = RenderJob.model_validate_json(checked, strict=True, by_alias=True, by_name=False)
        body: list[tuple[Path, Problem]] = []
    except ValidationError as error:
        body = problems_of(error)
    seen = {path for path, _ in body}
    body += [(path, problem) for path, problem in strict_problems(data) if path not in seen]
    body = [(path, _as_written(problem, document, (*prefix, *path))) for path, problem in body]
    found = placed(header + body)
    return sorted(found, key=lambda problem: problem.line or 0), None if found else job


def _other_kind(data: Any) -> str:
    """Kind and name of a resource that is plainly of another kind; empty for a RenderJob, and for a misspelt one."""
    if not isinstance(data, Mapping):
        return ""
    kind, version = data.get("kind"), data.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str) or not kind or not version:
        return ""
    if version.partition("/")[0] == GROUP or plain(kind) == plain(KIND):
        return ""
    metadata = data.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, Mapping) else ""
    return f"{kind} {name}".strip()


def _as_written(problem: Problem, document: Document, path: Path) -> Problem:
    """A suggestion to quote a value shows it as it was written: 08 is 8.0 for YAML, and "08" for a person."""
    written = document.text_of(path)
    if not problem.suggestion.startswith("quote it") or written is None:
        return problem
    return replace(problem, suggestion=f'quote it: "{written}"')


def _kind(data: Mapping[Any, Any]) -> list[tuple[Path, Problem]]:
    """What is wrong with `kind`, where the document is not a RenderJob at all."""
    kind = data.get("kind")
    if kind == KIND:
        return []
    if "kind" not in data:
        close = next((str(key) for key in data if plain(str(key)) == "kind"), "")
        hint = f"did you mean kind where {close} stands?" if close else ""
        return [(("kind",), Problem("kind", f"missing; accepted: {KIND}", suggestion=hint))]
    hint = f"did you mean {KIND}?" if isinstance(kind, str) and plain(kind) == plain(KIND) else ""
    return [(("kind",), Problem("kind", f"accepted: {KIND}, or a List of them", shown(kind), hint))]


def _version(data: Mapping[Any, Any]) -> list[tuple[Path, Problem]]:
    if "apiVersion" not in data:
        return [(("apiVersion",), Problem("apiVersion", f"missing; accepted: {API_VERSION}"))]
    if data["apiVersion"] != API_VERSION:
        return [
            (("apiVersion",), Problem("apiVersion", f"accepted: {API_VERSION}", shown(data["apiVersion"])))
        ]
    return []
