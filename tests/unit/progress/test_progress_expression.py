"""Users' expressions: answered in linear time, refused with a sentence, and meaning what they mean elsewhere."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderjob.api import RetriesSpec, Rule
from renderjob.progress import ChunkContext, ExpressionError, check_pattern, expression, make_reader

FOR_EVER = [
    r"(a+)+b",
    r"(?:a|a|aa)*b",
    r"^(a|[a-z])*\d$",
    r"(?:a?a?a?a?)*b",
    r"(?:a{1,20}){1,20}b",
    r"(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x",
    r"((((a*)*)*)*)*b",
]


@pytest.mark.parametrize("text", FOR_EVER)
def test_a_line_that_would_keep_a_backtracking_engine_for_years_is_answered(text):
    line = "a" * 1000
    assert not Rule.model_validate({"log": text, "action": "Retry"}).fits(1, line)
    reader = make_reader(ChunkContext(1, 1), "None", f"(?P<fail>{text})")
    reader.feed(line.encode() + b"\n")
    assert reader.fail is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a(?=b)", r"invalid perl operator: \(\?=; RE2 has no lookaround"),
        ("(?<!x)a", "RE2 has no lookaround"),
        (r"(a)\1", r"invalid escape sequence: \\1; RE2 has no backreferences"),
        ("(?P<word>x)(?P=word)", "RE2 has no backreferences"),
        ("a++", "leave out the > or the second +"),
        ("(?>a)", "leave out the > or the second +"),
        ("(a)?(?(1)b|c)", "write both cases with | between them"),
        ("(?#why)a", "no comments"),
        ("(?x) a", r"the flags of RE2 are i, m, s and U, as in \(\?i\)"),
        (r"end\Z", "write \\$ or "),
        (r"\u00e9", "write the character itself"),
        ("[0-9", r"missing \]: \[0-9; see https://"),
        ("a{1001}", r"invalid repetition size: \{1001\}; counts go up to 1000"),
        ("(?:a{1,64}){1,64}b", "multiplied with those of the repetitions around"),
        (
            "a{99999999999999999999}",
            r"has the repetition \{9+\}, which RE2 does not know; counts go up to 1000",
        ),
        ("a{2,99999999999999999999}", "which RE2 does not know"),
        ("a{,3}", r"has the repetition \{,3\}, which RE2 does not know; write \{0,3\}"),
        (".{900}", "is too large: it comes to 7204 steps, and 1000 are accepted; repeat less often"),
        (r"\pL{900}", r"is too large for RE2; .* \[A-Za-z\] in place of \\pL"),
        ("x" * 1025, "has 1025 characters; at most 1024 are accepted"),
        ("(?P<done>a)|(?P<done>b)", r"names two groups 'done'; give one group both cases"),
        ("\ud800", r"has \\ud800, half of a character"),
    ],
)
def test_what_re2_cannot_do_is_refused_with_what_was_found_and_what_to_write(text, says):
    with pytest.raises(ExpressionError, match=says):
        expression(text)


@pytest.mark.parametrize(
    "text",
    [r"\{,3\}", "[{,3}]", r"[(?=]x", r"\(\?P<done>a|\(\?P<done>b", r"\Q{,3}\E", "(" * 480 + "a" + ")" * 480],
)
def test_what_only_looks_like_it_is_accepted(text):
    assert expression(text).size


def test_expressions_too_large_together_are_refused_and_the_largest_is_named():
    rules = [{"log": log, "action": "Retry"} for log in ["short", *["[^x]{90}"] * 5, "[^x]{100}"]]
    with pytest.raises(ValueError, match=r"steps together, rules\[6\].log alone to 804; at most 4000"):
        RetriesSpec.model_validate({"rules": rules})
    assert len(RetriesSpec.model_validate({"rules": rules[:5]}).rules) == 5


def test_named_groups_hold_what_they_matched_and_are_absent_where_they_took_no_part():
    pattern = check_pattern(r"(?i)wrote (?P<done>\d+)|(?<status>é+)")
    assert pattern.names == ("done", "status")
    assert pattern.groups("WROTE 12") == {"done": "12"}
    assert pattern.groups("xéé") == {"status": "éé"}
    assert pattern.groups("nothing") is None


def test_a_line_is_read_up_to_a_bound_and_may_hold_anything():
    assert expression("end").found("x" * 997 + "end")
    assert not expression("end").found("x" * 998 + "end")
    assert expression("^.b$").found("\ud800b")
    assert expression(r"a\x00b").found("a\0b")


LETTERS = st.text("ab", min_size=1, max_size=3)
PIECES = st.recursive(
    LETTERS | st.sampled_from([".", "[ab]", "[^a]", r"\d", r"\w", r"\s", r"\b", "[0-9]"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "+?", "{0,2}", "{2}"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=6,
)


@given(PIECES, st.text("ab0 _", max_size=8), st.booleans())
def test_plain_expressions_mean_what_they_mean_in_python(text, line, whole):
    text = f"^(?:{text})$" if whole else text
    assert expression(text).found(line) == (re.search(text, line, re.ASCII) is not None)
