"""The demo's film as one drawing: the manifest, every frame in its chunk, and the video."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from recording import Recording

_ROW, _COLUMN, _LEFT, _TOP = 46, 70, 396, 84
"""Where the frames lie: a row's height, a column's width, and the first one's corner."""
_THUMB = (64, 36)
_WIDTH, _HEIGHT = 1576, 690
_MANIFEST = (
    ("kind: ", "RenderJob"),
    ("spec:", ""),
    ("  frames: ", '"1-144"'),
    ("  chunks:", ""),
    ("    size: ", "12"),
    ("  parallelism: ", "4"),
    ("  template:", ""),
    ("    …", ""),
    ("  output:", ""),
    ("    path: ", "/renders/julia"),
    ("    file: ", '"####.png"'),
    ("  merge:", ""),
    ("    ffmpeg:", ""),
    ("      file: ", "julia.mp4"),
    ("      fps: ", "24"),
)
_BEFORE, _AGAIN, _AFTER = "#39c5cf", "#f0883e", "#bc8cff"


def draw_film(sheet: bytes, still: bytes, recording: Recording) -> str:
    """An SVG.

    Args:
        sheet: a JPEG of all frames, twelve in a row, 64 by 36 pixels each and 4 apart.
        still: a JPEG of one of them.
        recording: of the run that went on after the kill.
    """
    return "\n".join(
        [
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" xmlns="http://www.w3.org/2000/svg">',
            _STYLE,
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="14" fill="#161b22"/>',
            *_manifest(),
            *_chunks(sheet, recording),
            *_video(still, recording),
            "</svg>",
            "",
        ]
    )


_STYLE = """<style>
text { font: 17px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, "DejaVu Sans", sans-serif; fill: #c9d1d9 }
.head { font-size: 20px; font-weight: 600; fill: #f0f6fc }
.dim { fill: #8b949e }
.code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 16px }
.key { fill: #7ee787 }
.value { fill: #a5d6ff }
</style>"""


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}">{text}</text>'


def _picture(x: float, y: float, width: float, height: float, data: bytes, more: str = "") -> str:
    encoded = base64.b64encode(data).decode()
    return (
        f'<image x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" {more} '
        f'href="data:image/jpeg;base64,{encoded}"/>'
    )


def _manifest() -> Iterator[str]:
    yield _text(32, 48, "A manifest", "head")
    for row, (key, value) in enumerate(_MANIFEST):
        indent = len(key) - len(key.lstrip())
        yield (
            f'<text x="{32 + indent * 9.6:g}" y="{104 + row * 27}" class="code">'
            f'<tspan class="key">{key.strip()}</tspan> <tspan class="value">{value}</tspan></text>'
        )


def _chunks(sheet: bytes, recording: Recording) -> Iterator[str]:
    right = _LEFT + 12 * _COLUMN
    yield _text(_LEFT, 48, "12 chunks of 12 frames, each a start of the renderer", "head")
    for row in range(12):
        frames = [row * 12 + column + 1 for column in range(12)]
        y = _TOP + row * _ROW
        yield _text(_LEFT - 14, y + 24, f"{frames[0]}-{frames[-1]}", "dim", "end")
        # Of the sheet only this row is shown; the rows lie further apart than in it.
        yield (
            f'<svg x="{_LEFT - 3}" y="{y}" width="{12 * _COLUMN}" height="{_THUMB[1] * 66 / 64:g}" '
            f'viewBox="4 {4 + row * (_THUMB[1] + 4)} {12 * (_THUMB[0] + 4)} {_THUMB[1]}">'
            '<use href="#sheet"/></svg>'
        )
        for column, frame in enumerate(frames):
            colour = (
                _AGAIN if frame in recording.interrupted else _BEFORE if frame in recording.kept else _AFTER
            )
            yield (
                f'<rect x="{_LEFT - 3 + column * _COLUMN}" y="{y + 40}" width="{_COLUMN - 5}" height="3" '
                f'fill="{colour}"/>'
            )
    size = (12 * (_THUMB[0] + 4) + 4, 12 * (_THUMB[1] + 4) + 4)
    yield f"<defs>{_picture(0, 0, *size, sheet, 'id=' + chr(34) + 'sheet' + chr(34))}</defs>"
    again = len(recording.interrupted)
    after = len(recording.total) - len(recording.kept) - again
    legend = (
        (_BEFORE, f"{len(recording.kept)} rendered before kill -9"),
        (_AGAIN, f"{again} that the killed chunks had not finished"),
        (_AFTER, f"{after} in chunks that began after it"),
    )
    x = float(_LEFT)
    for colour, words in legend:
        yield f'<rect x="{x:g}" y="657" width="22" height="5" fill="{colour}"/>'
        yield _text(x + 30, 665, words)
        x += 54 + len(words) * 8.6
    yield _arrow(right + 4, 330)
    yield _arrow(274, 330)


def _arrow(x: float, y: float) -> str:
    return f'<path d="M{x:g} {y:g}h22m-9 -9l9 9l-9 9" fill="none" stroke="#8b949e" stroke-width="2.5"/>'


def _video(still: bytes, recording: Recording) -> Iterator[str]:
    x, y, width, height = 1278, 262, 266, 150
    yield _text(x, 48, "A video", "head")
    yield '<clipPath id="still"><rect x="1278" y="262" width="266" height="150" rx="8"/></clipPath>'
    yield _picture(x, y, width, height, still, 'clip-path="url(#still)" preserveAspectRatio="xMidYMid slice"')
    yield f'<circle cx="{x + width / 2:g}" cy="{y + height / 2:g}" r="30" fill="#0d1117" fill-opacity=".75"/>'
    yield f'<path d="M{x + width / 2 - 9:g} {y + height / 2 - 15:g}v30l26 -15z" fill="#f0f6fc"/>'
    yield _text(x, y + height + 34, "julia.mp4", "code value")
    yield _text(x, y + height + 62, f"{len(recording.total)} frames, {len(recording.total) / 24:g} seconds")
