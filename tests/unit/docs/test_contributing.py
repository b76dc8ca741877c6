"""CONTRIBUTING's tables: each path in them is there, and each name stands in the file that it is said to stand in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "operator" / "renderjob"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|toml|sh))`")
_NAMES_IN = re.compile(r"`([\w./-]+\.\w+)` \(([^)]*)\)")


def section(heading: str) -> str:
    """The text below a heading, up to the next one."""
    [text] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    return text


def rows(heading: str) -> list[str]:
    """The rows of a section's table, without its head."""
    return [line for line in section(heading).splitlines() if line.startswith("| ")][1:]


def there(path: str) -> Path:
    """Where a path leads that is written from the package, or from the repository."""
    found = [base / path for base in (PACKAGE, ROOT) if (base / path).exists()]
    assert found, f"CONTRIBUTING names {path}, which is not there"
    return found[0]


def test_every_package_has_a_row():
    packages = {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    named = {
        word.partition("/")[0] for row in rows("Where things are") for word in re.findall(r"`([\w/]+)`", row)
    }
    assert packages <= named


@pytest.mark.parametrize("row", rows("Where something new goes"), ids=lambda row: row.split("|")[1].strip())
def test_where_something_new_goes_is_there(row: str):
    for path in _PATH.findall(row):
        there(path)
    for path, names in _NAMES_IN.findall(row):
        text = there(path).read_text(encoding="utf-8")
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"\b{name}\b", text), f"{path} has no {name}"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:tests|docs|bench|supply)/[\w/.-]+)`", TEXT))))
def test_paths_in_the_text_are_there(name: str):
    there(name)
