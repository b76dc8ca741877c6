"""Orders: which cell of a layout is started first. A new order is a new module and one line here."""

from collections.abc import Callable, Sequence
from typing import Final

from renderjob.api import Order

from .bisect import bisect
from .ends_first import ends_first
from .forward import forward
from .reverse import reverse
from .sequential import sequential
from .stride import stride

OrderFunction = Callable[[int, int], Sequence[int]]
"""(number of cells, stride) → every cell's number once, first to be started first."""

ORDERS: Final[dict[Order, OrderFunction]] = {
    Order.FORWARD: forward,
    Order.REVERSE: reverse,
    Order.ENDS_FIRST: ends_first,
    Order.STRIDE: stride,
    Order.BISECT: bisect,
    Order.SEQUENTIAL: sequential,
}
