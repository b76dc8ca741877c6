"""Before and around the commands: a Ctrl-C while Python still imports, and terminals that know few characters."""

from __future__ import annotations

import subprocess
import sys

import pytest

INTERRUPTED = """
import sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
from renderjob.cli.entry import run
run()
"""


def test_a_ctrl_c_while_the_program_is_still_being_read_shows_no_traceback():
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr == "error: interrupted\n"


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict"])
def test_a_terminal_that_knows_few_characters_ends_no_run(farm, encoding):
    farm.environment["PYTHONIOENCODING"] = encoding
    failing = farm.write(command=["sh", "-c", "exit 7"], retries={"perChunk": 0, "onFailure": "Stop"})
    process = farm.start("run", failing)
    out, err = process.communicate()
    assert process.returncode == 1
    assert "exit code 7" in out
    assert "UnicodeEncodeError" not in err
    process = farm.start("get", "shot")
    out, _ = process.communicate()
    assert process.returncode == 0
    assert "Failed" in out
