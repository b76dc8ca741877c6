"""Mounts: where the paths that a container would see lie on this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from renderjob.api import RenderJob

ANNOTATION = "local.renderjob.dev/mounts"
DIRECTORY_ANNOTATION = "local.renderjob.dev/directory"


@dataclass(frozen=True)
class Mounts:
    """Container path → directory here, as `renderjob run --mount /renders=out` says."""

    table: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, job: RenderJob) -> Mounts:
        """The mounts that a job was submitted with."""
        return cls(json.loads(job.metadata.annotations.get(ANNOTATION, "{}")))

    def annotations(self, directory: Path) -> dict[str, str]:
        """What to note on a job, so that any process here runs it alike; `directory` is where it was submitted."""
        return {ANNOTATION: json.dumps(dict(self.table)), DIRECTORY_ANNOTATION: str(directory)}

    def translate(self, text: str) -> str:
        """`text` with every mounted path replaced, wherever it begins a path in it."""
        if not self.table or "/" not in text:
            return text
        return self._pattern.sub(lambda match: self.table[match[0]], text)

    @property
    def _pattern(self) -> re.Pattern[str]:
        # The longest first, so that /renders/a wins over /renders; not inside a longer path or name.
        paths = sorted(self.table, key=len, reverse=True)
        return re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, paths))})(?![\w.-])")


def directory_of(job: RenderJob) -> Path:
    """Where the job was submitted: the working directory of its attempts, and what relative paths start from."""
    return Path(job.metadata.annotations.get(DIRECTORY_ANNOTATION) or Path.cwd())


def output_directory(job: RenderJob) -> Path | None:
    """output.path on this machine."""
    if job.spec.output is None:
        return None
    return directory_of(job) / Mounts.of(job).translate(job.spec.output.path)
