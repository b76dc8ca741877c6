"""True logs of renderers, as they wrote them; only paths are changed and repetitive lines left out."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def log():
    """Return the bytes of a log by its name."""
    folder = Path(__file__).parent / "logs"
    return lambda name: (folder / f"{name}.txt").read_bytes()
