"""What is told of a lock file: a vulnerability, that nobody answered, or a package that anybody could exchange."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
GOOD = (
    "a==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
    "b[c]==2 ; python_version < '4' \\\n    --hash=sha256:22\n"
)


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "supply" / "audit.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["audit"] = module
    spec.loader.exec_module(module)
    return module


def answer(**packages: Any) -> str:
    def of(name: str, said: Any) -> dict[str, Any]:
        return {"name": name, "skip_reason": said} if isinstance(said, str) else {
            "name": name, "version": "1.0", "vulns": said
        }  # fmt: skip

    return json.dumps({"dependencies": [of(name, said) for name, said in packages.items()]})


HOLE = [{"id": "CVE-1", "fix_versions": ["1.1"]}]


@pytest.mark.parametrize(
    ("said", "good", "words"),
    [
        (answer(a=[], b=[]), True, "2 packages without a known vulnerability; all is pinned by hash"),
        (
            answer(a=[], b="not found"),
            True,
            "1 package without a known vulnerability, and it does not know 1 more",
        ),
        (answer(a=HOLE, b=[]), False, "known vulnerabilities\n  a 1.0: CVE-1, mended in 1.1"),
        (
            answer(a="not found", b="not found"),
            True,
            "not audited, since no service of vulnerabilities answers",
        ),
        (None, True, "not audited"),
        ("no json", True, "not audited"),
    ],
)
def test_what_a_service_says_is_told_and_silence_is_no_praise(
    audit: ModuleType, tmp_path: Path, said: str | None, good: bool, words: str
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(GOOD)

    found, sentence = audit.check(lock, said)

    assert found is good
    assert words in sentence


@pytest.mark.parametrize(
    "line", ["c==1\n", "c>=1 --hash=sha256:00\n", "c --hash=sha256:00\n", "c==1 --hash=md5:0\n"]
)
def test_a_package_that_anybody_could_exchange_is_refused_whoever_answers(
    audit: ModuleType, tmp_path: Path, line: str
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(GOOD + line)

    assert audit.check(lock, answer(a=[])) == (
        False,
        "requirements.lock: without a single version or its hash: c",
    )


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name)
def test_our_own_lock_files_are_pinned_by_hash(audit: ModuleType, lock: Path) -> None:
    assert audit.unhashed(lock.read_text()) == []
