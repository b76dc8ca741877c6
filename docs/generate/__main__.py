"""`python docs/generate` writes the pages that follow from the code; with `--check` it says which are out of date."""

from __future__ import annotations

import sys
from pathlib import Path

import manifest
import settings
import status
import verdicts

import cli

DOCS = Path(__file__).parents[1]
PAGES = {
    "manifest.md": manifest.page,
    "status.md": status.page,
    "cli.md": cli.page,
    "settings.md": settings.page,
    "troubleshooting.md": verdicts.page,
}


def main() -> int:
    """Returns what to exit with: 1 when `--check` found a page out of date."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"docs/{', docs/'.join(stale)}: not what the code says; run `make docs`", file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
