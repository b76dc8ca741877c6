"""How fast frames come, and how long the rest will take; pure, with the caller's clock."""

from __future__ import annotations

ENOUGH = 5.0
"""Frames that a rate is measured over at least, where there are so many."""

_GRAIN = 0.25
_MEMORY = 120.0


class RateMeter:
    """Frames a second over a sliding window.

    The window reaches back further when few frames fall into it, so that a frame a minute is a rate and not
    now nothing, now a burst.
    """

    def __init__(self, window: float = 10.0) -> None:
        """`window` is in seconds."""
        self._window = window
        self._points: list[tuple[float, float]] = []

    def add(self, time: float, frames: float) -> None:
        """Note how many frames are rendered at a time; fractions of frames count."""
        points = self._points
        if points and frames < points[-1][1]:
            # An attempt failed, and what it had done is not done: begin anew from here.
            points.clear()
        if len(points) > 1 and points[-1][0] - points[-2][0] < _GRAIN:
            points[-1] = (time, frames)
        else:
            points.append((time, frames))
        while len(points) > 2 and time - points[1][0] > _MEMORY and frames - points[1][1] >= ENOUGH:
            del points[0]

    def rate(self, window: float | None = None) -> float:
        """Frames a second; 0 while nothing is known."""
        if len(self._points) < 2:
            return 0.0
        now, frames = self._points[-1]
        reach = self._window if window is None else window
        enough = ((s, f) for s, f in reversed(self._points) if now - s >= reach and frames - f >= ENOUGH)
        since, before = next(enough, self._points[0])
        return (frames - before) / (now - since) if now > since else 0.0

    def remaining(self, frames: float) -> float | None:
        """Seconds that so many frames will take; None while nothing is known."""
        rate = self.rate(60.0)
        return frames / rate if rate > 0 else None
