"""What the macros of templates/macros/charts.html draw, as values; ``tone`` is brand, positive, warning, negative or muted."""

from __future__ import annotations

import msgspec


class Bar(msgspec.Struct, frozen=True):
    """One horizontal bar, linked to the list behind it."""

    label: str
    value: int
    href: str | None = None
    tone: str = "brand"


class Legend(msgspec.Struct, frozen=True):
    """The name of a part of stacked bars, and its tone."""

    name: str
    tone: str


class Stack(msgspec.Struct, frozen=True):
    """One bar of parts in the order of the legend; ``note`` is what stands at its end."""

    label: str
    parts: tuple[int, ...]
    note: str
    href: str | None = None

    @property
    def total(self) -> int:
        """Sum of the parts."""
        return sum(self.parts)


class Line(msgspec.Struct, frozen=True):
    """A series of a line chart; None is a gap. Dashed lines are told apart without colour."""

    name: str
    tone: str
    points: tuple[float | None, ...]
    dashed: bool = False
