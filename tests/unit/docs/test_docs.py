"""The pages of docs/: those that are generated say what the code says, those that are written miss nothing of it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from renderjob.api import ConditionType, EventReason, FailureClass, Reason, RuleAction, State
from renderjob.api.merge import CONTAINERS
from renderjob.manifest import load_file

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "operator" / "renderjob"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("examples/**/*.md")])
TELLING = {"tell", "Event", "JobEvent"}
"""Functions that take the reason of an event."""
WORDS = sorted({*EventReason, *Reason, *FailureClass, *State, *ConditionType, *RuleAction})


def literal_reasons(tree: ast.AST) -> Iterator[str]:
    """The reasons of events that a module gives as text, and not by their enums."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        words = node.args[:1] if name in TELLING else []
        for word in (each for one in words for each in ast.walk(one)):
            if isinstance(word, ast.Constant) and re.fullmatch("[A-Z][A-Za-z]+", str(word.value)):
                yield word.value


def test_generated_pages_are_what_the_code_says():
    done = subprocess.run(
        [sys.executable, str(DOCS / "generate"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_table_of_codecs_names_each_with_all_its_files():
    rows = dict(
        re.findall(
            r"^\| `(\w+)` \| ([^|]+) \|", (DOCS / "merging.md").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    assert {codec: tuple(files.split()) for codec, files in rows.items()} == CONTAINERS


def test_every_event_that_is_recorded_has_a_reason_of_the_tables():
    assert list(literal_reasons(ast.parse("work.tell('Started', 'renders')"))) == ["Started"]
    found = {
        str(path.relative_to(PACKAGE)): reasons
        for path in PACKAGE.rglob("*.py")
        if (reasons := list(literal_reasons(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert not found


@pytest.mark.parametrize("word", WORDS)
def test_every_class_state_condition_and_reason_is_explained(word):
    assert f"`{word}`" in (DOCS / "troubleshooting.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"(?:\]\(|src=\"|srcset=\"|href=\")(?!https?:)([^)\"#\s]*)(#[^)\"\s]*)?", text)
    for path, anchor in links:
        target = (page.parent / path) if path else page
        assert target.exists(), path
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor[1:] in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}, (
                anchor
            )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_manifests_in_the_text_are_valid(page, tmp_path):
    for number, block in enumerate(
        re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ):
        if (yaml.safe_load(block) or {}).get("kind") == "RenderJob":
            file = tmp_path / f"{number}.yaml"
            file.write_text(block, encoding="utf-8")
            assert load_file(file)


def test_the_readme_shows_the_example_as_it_is():
    example = (ROOT / "examples" / "shot" / "renderjob.yaml").read_text(encoding="utf-8")
    assert example in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_make_target_of_the_readme_is_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z][a-z-]+)", "".join(p.read_text(encoding="utf-8") for p in PAGES)))
    assert named <= targets


_HELD_BY = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_claim_of_the_security_page_names_tests_that_are_there():
    page = (DOCS / "security.md").read_text(encoding="utf-8")
    claims = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| claim ")]
    assert len(claims) > 20
    for claim in claims:
        named = _HELD_BY.findall(claim)
        assert named, f"no test holds: {claim}"
        for path, name in named:
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            assert name in {node.name for node in tree.body if isinstance(node, functions)}, f"{path}::{name}"


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name)
def test_every_package_of_the_lock_files_has_its_hashes(lock: Path):
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    packages = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert packages
    for package in packages:
        assert re.match(r"[\w.\[\]-]+==\S+ ", package), package[:80]
        assert "--hash=sha256:" in package, package[:80]
