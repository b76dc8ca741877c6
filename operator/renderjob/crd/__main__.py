"""`python -m renderjob.crd [FILE]` writes the CustomResourceDefinition to a file, or prints it."""

from __future__ import annotations

import sys
from pathlib import Path

from .definition import crd_yaml

if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(crd_yaml(), encoding="utf-8")
    else:
        sys.stdout.write(crd_yaml())
