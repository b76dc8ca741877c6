"""Planning: frames are laid out in cells, an order says which cell comes first, a cell's missing frames make chunks."""

from .layout import ExplicitLayout, GridLayout, Layout, layout_of
from .orders import ORDERS
from .plan import Chunk, cut, planned

__all__ = ["ORDERS", "Chunk", "ExplicitLayout", "GridLayout", "Layout", "cut", "layout_of", "planned"]
