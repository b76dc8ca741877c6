"""What is read from OpenJD's messages and by a user's own pattern."""

import pytest

from renderjob.progress import ChunkContext, PatternError, check_pattern, make_reader

CHUNK = ChunkContext(1, 10, 1, 10)


def read(text, **how):
    reader = make_reader(CHUNK, **how)
    reader.feed(text.encode())
    return reader


def test_openjd_messages_tell_progress_status_and_failure():
    reader = read("openjd_progress: 42.5\nopenjd_status: Baking cloth\nopenjd_fail: No licence\n")
    assert reader.fraction == pytest.approx(0.425)
    assert reader.status == "Baking cloth"
    assert reader.fail == "No licence"


@pytest.mark.parametrize(
    "line",
    [
        "openjd_progress: 101",
        "openjd_progress: -1",
        "openjd_progress: nan",
        "openjd_progress: half",
        "openjd_progress:50",
        " openjd_progress: 50",
        "INFO openjd_progress: 50",
        "OPENJD_PROGRESS: 50",
        "openjd_progress: ",
        "openjd_env: A=50",
    ],
)
def test_what_is_not_quite_an_openjd_message_tells_nothing(line):
    reader = read(line + "\n")
    assert (reader.fraction, reader.status, reader.fail) == (0, None, None)


def test_the_first_failure_is_kept():
    assert read("openjd_fail: the cause\nopenjd_fail: what followed\n").fail == "the cause"


def test_a_pattern_reads_a_percentage_and_words():
    reader = read("ALF_PROGRESS 25% (beauty)\n", pattern=r"(?P<percent>[\d.]+)%\s*(\((?P<status>[^)]*)\))?")
    assert reader.fraction == 0.25
    assert reader.status == "beauty"


def test_a_pattern_reads_frames():
    pattern = r"wrote (?P<done>\d+)|at (?P<frame>-?\d+)|(?P<fraction>0\.\d+) of all|(?P<fail>FATAL.*)"
    reader = read("at 3\nwrote 2\nwrote 99\nwrote 99999999999999\n", pattern=pattern)
    assert reader.frames_done == {2}
    assert reader.current_frame == 3
    reader.feed(b"0.75 of all\nFATAL no camera\n")
    assert reader.fraction == 0.75
    assert reader.fail == "FATAL no camera"


def test_a_pattern_works_beside_the_parser_that_was_asked_for():
    log = "openjd_progress: 50\ndone 100%\n"
    assert read(log, parser_name="None", pattern="(?P<percent>1)00%").fraction == 0.01
    assert read(log, parser_name="OpenJD", pattern="(?P<percent>1)00%").fraction == 0.5
    assert read(log, parser_name="None").fraction == 0


@pytest.mark.parametrize("text", ["250%", "-5%", "nan%", "1e999%", ".%", "e%"])
def test_a_percentage_out_of_range_tells_nothing(text):
    assert read(text + "\n", pattern=r"(?P<percent>\S+)%").fraction == 0


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("(?P<percent>[0-9", "must be an expression of RE2: missing ]"),
        (r"(\d+)%", r"needs at least one named group of percent, fraction, .*; it has none"),
        (r"(?P<percentage>\d+)", "it has percentage"),
        (r"(?P<status>(?:(?=a+)b?)*)", "RE2 has no lookaround"),
        (r"(?P<status>(?>a+){2,500})", "RE2 has no atomic groups"),
        (r"(?P<status>\pL{2,500})", "is too large"),
        ("(?P<status>" + "x" * 2000 + ")", "at most 1024"),
        ("(?P<status>" + "(" * 900 + ")" * 900 + ")", "at most 1024"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused_with_a_sentence(expression, says):
    with pytest.raises(PatternError, match=says):
        check_pattern(expression)


@pytest.mark.parametrize(
    "expression",
    [
        r"(?P<percent>\d{1,3}(\.\d+)?)%",
        r"^\[.*\] (?P<status>.*)$",
        r"(?P<frame>\d+)/(\d+)",
        "(?P<fail>(ab){3})",
        r"(?P<percent>(\d+)+)%",
    ],
)
def test_a_usual_pattern_is_accepted(expression):
    assert check_pattern(expression).text == expression


def test_an_unknown_parser_is_refused_with_the_names_that_are_known():
    with pytest.raises(
        ValueError, match="'Maya' is not known; accepted: Auto, Blender, FFmpeg, OpenJD, None"
    ):
        make_reader(CHUNK, "Maya")
