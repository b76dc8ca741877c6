"""Lines come out whole, however the bytes come in."""

from __future__ import annotations

from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from renderjob.kube.lines import split_lines


async def cut(pieces: list[bytes], **options) -> list[bytes]:
    async def arriving() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return [line async for line in split_lines(arriving(), **options)]


@given(st.lists(st.text("ab\n", max_size=6).map(str.encode)))
async def test_the_lines_are_those_of_the_whole(pieces):
    whole = b"".join(pieces).split(b"\n")
    assert await cut(pieces) == (whole if whole[-1] else whole[:-1])


async def test_an_endless_line_is_cut():
    assert await cut([b"aaa", b"aaa", b"aa", b"\n", b"b\n"], longest=5) == [b"aaaaaa", b"aa", b"b"]
