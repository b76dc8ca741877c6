"""What is missing is told with what was wanted, where, and what lies there in its place."""

from __future__ import annotations

import errno
import os

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.outputs import Wanted, disk, what_is_missing, why_not_writable

PNG = [FilePattern("####.png")]


def words(place, frames, patterns=PNG, least=1):
    return what_is_missing(Wanted(patterns, [place], "DIR", least), FrameSet.parse(frames))


def test_the_wrong_name_is_told_beside_the_right_one(tmp_path):
    for frame in (1, 2, 3):
        (tmp_path / f"shot.000{frame}.png").write_text("pixels")
    assert words(tmp_path, "1-3") == "wanted 0001.png … 0003.png in DIR; found shot.0001.png and 2 more"


@pytest.mark.parametrize(
    ("files", "frames", "said"),
    [
        ([], "1", "wanted 0001.png in DIR; found nothing there"),
        (["a.png"], "1-2", "wanted 0001.png and 0002.png in DIR; found a.png"),
        (["x/0001.png"], "1", "wanted 0001.png in DIR; found x/0001.png"),
        (["0001.png"], "2", "wanted 0002.png in DIR"),
        ([".renderjob/j/1/0001.png"], "1", "wanted 0001.png in DIR; found nothing there"),
        (["a\nb.png"], "1", "wanted 0001.png in DIR; found a\\nb.png"),
    ],
)
def test_what_is_there_instead_is_named(tmp_path, files, frames, said):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("pixels")
    assert words(tmp_path, frames) == said


def test_a_file_that_is_too_small_is_not_called_absent(tmp_path):
    (tmp_path / "0001.png").write_text("")
    assert words(tmp_path, "1", least=100) == "too small: 0001.png (minBytes: 100)"


def test_a_directory_that_is_not_there_is_told(tmp_path):
    assert words(tmp_path / "no", "1") == "wanted 0001.png in DIR; that directory is not there"


def test_what_is_said_is_bounded_whatever_lies_there(tmp_path):
    for number in range(50):
        (tmp_path / (f"{number}" + "n" * 200)).write_text("x")
    assert len(words(tmp_path, "1-100000")) <= 400


def test_a_directory_in_which_all_is_well_can_be_written_to_and_nothing_is_left_in_it(tmp_path):
    assert why_not_writable(tmp_path / "not" / "made") == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_in_the_words_of_the_system(tmp_path, monkeypatch, number):
    def full(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk.os, "posix_fallocate", full)
    said = why_not_writable(tmp_path)
    told = os.strerror(number)
    assert said.startswith(f"{told[0].lower()}{told[1:]}: {tmp_path} (on ")
    assert "MiB free" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_who_may_not_write_is_told_as_whom_where_and_what_to_set(tmp_path, number):
    tmp_path.chmod(0o750)
    error = OSError(number, os.strerror(number), str(tmp_path / "not there" / "0001.png"))
    said = disk.remedy(error, tmp_path)
    owner = tmp_path.stat()
    assert f"this pod is user {os.geteuid()}, groups " in said
    assert f"{tmp_path} is of user {owner.st_uid}, group {owner.st_gid}, mode 0750" in said
    assert "set runAsUser or fsGroup in template.spec.securityContext" in said


def test_a_volume_that_can_only_be_read_is_mounted_otherwise(tmp_path):
    assert "without readOnly" in disk.remedy(OSError(errno.EROFS, os.strerror(errno.EROFS)), tmp_path)
    assert disk.remedy(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), tmp_path) == ""
