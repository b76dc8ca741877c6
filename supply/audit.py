"""`make audit`: the packages of a lock file against the known vulnerabilities.

pip-audit asks a service. Where none answers, or it knows none of the packages, nothing was audited: that is said, and
what can be checked without one is checked, that the lock file names a hash for every package.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement

PATIENCE = 300.0
"""Seconds for one lock file."""


@dataclass
class Audit:
    """What a service said of a lock file's packages."""

    asked: int = 0
    """Packages that it knows."""
    unknown: list[str] = field(default_factory=list)
    """Packages that it does not know."""
    found: list[str] = field(default_factory=list)
    """A line for each vulnerability."""


def audited(answer: str) -> Audit:
    """Read what pip-audit prints with `--format json`.

    Raises:
        ValueError: it is not that.
    """
    audit = Audit()
    for package in json.loads(answer)["dependencies"]:
        if package.get("skip_reason"):
            audit.unknown.append(package["name"])
            continue
        audit.asked += 1
        for hole in package["vulns"]:
            mended = ", ".join(hole.get("fix_versions") or ()) or "no version"
            audit.found.append(f"{package['name']} {package['version']}: {hole['id']}, mended in {mended}")
    return audit


def unhashed(text: str) -> list[str]:
    """The packages of a lock file that have no hash, or no single version."""
    entries = text.replace("\\\n", " ").splitlines()
    lines = [line for line in entries if line.strip() and not line.lstrip().startswith("#")]
    bad = []
    for line in lines:
        requirement, _, hashes = line.partition("--hash=")
        named = Requirement(requirement.strip())
        pinned = len(named.specifier) == 1 and all(s.operator == "==" for s in named.specifier)
        if not pinned or not hashes.startswith("sha256:"):
            bad.append(named.name)
    return bad


def check(lock: Path, answer: str | None) -> tuple[bool, str]:
    """Whether a lock file is good, as far as can be told, and a sentence on it; `answer` None: nobody answered."""
    if bad := unhashed(lock.read_text()):
        return False, f"{lock.name}: without a single version or its hash: {', '.join(bad)}"
    try:
        audit = audited(answer) if answer is not None else Audit()
    except (ValueError, KeyError, TypeError):
        audit = Audit()
    if audit.found:
        return False, "\n".join(
            [f"{lock.name}: known vulnerabilities", *(f"  {line}" for line in audit.found)]
        )
    if not audit.asked:
        return (
            True,
            f"{lock.name}: not audited, since no service of vulnerabilities answers; all is pinned by hash",
        )
    packages = f"{audit.asked} package{'s' if audit.asked > 1 else ''}"
    unknown = f", and it does not know {len(audit.unknown)} more" if audit.unknown else ""
    return (
        True,
        f"{lock.name}: {packages} without a known vulnerability{unknown}; all is pinned by hash",
    )


def ask(lock: Path) -> str | None:
    """What pip-audit says of a lock file; None when it does not answer in time."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run(
            [*command, "--timeout", "10", "--format", "json", "--requirement", str(lock)],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return None
    # 1 stands for vulnerabilities and for errors alike: only what it prints tells which.
    return done.stdout or None


def main(locks: Sequence[str]) -> int:
    """Audit lock files. Returns 1 when something is wrong with one of them."""
    results = [check(Path(lock), ask(Path(lock))) for lock in locks]
    for good, sentence in results:
        print(sentence, file=sys.stdout if good else sys.stderr)
    return 0 if all(good for good, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
