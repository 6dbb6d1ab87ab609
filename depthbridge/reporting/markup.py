"""HTML as text in which everything that is not markup was escaped.

``Markup`` is text that is markup already; every other text that goes in is escaped.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, NamedTuple

__all__ = ["Cell", "Markup", "cell", "join", "table", "tag"]

_VOID: Final = frozenset({"meta", "br", "line", "rect", "path", "polyline", "polygon", "circle"})


class Markup(str):
    """Text that is markup."""

    __slots__ = ()


class Cell(NamedTuple):
    """A cell of a table.

    Attributes:
        content: of it.
        kind: class names; ``n`` is a number.
    """

    content: str
    kind: str = ""


def tag(name: str, /, *content: str, **attributes: object) -> Markup:
    """An element.

    Args:
        name: of the element.
        content: what is in it.
        attributes: ``class_`` is class, an underscore stands for a hyphen; None leaves one out.
    """
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID and not content:
        return Markup(f"<{name}{words}>" if name in ("meta", "br") else f"<{name}{words}/>")
    return Markup(f"<{name}{words}>{join(content)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """Parts one after the other."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def cell(value: float | None, digits: int | None = None, *, sign: bool = False) -> Cell:
    """A number as a cell; None is a dash.

    Args:
        value: of it.
        digits: after the point; None: as many as there are.
        sign: also of a positive one.
    """
    if value is None or value != value:
        return Cell("–", "n")
    plus = "+" if sign and value else ""
    value = value or 0.0  # no minus before a zero
    if digits is not None:
        text = format(value, f"{plus},.{digits}f")
    elif float(value).is_integer():
        text = format(int(value), f"{plus},d")
    else:
        text = format(value, f"{plus},.10g")
    return Cell(text, "n")


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str | Cell]], *, caption: str = ""
) -> Markup:
    """A table that can be scrolled sideways; the first row says which columns are numbers."""
    lines = [[one if isinstance(one, Cell) else Cell(one) for one in row] for row in rows]
    kinds = [one.kind for one in lines[0]] if lines else [""] * len(headings)
    head = [
        tag("th", text, scope="col", class_="n" if "n" in kind.split() else None)
        for text, kind in zip(headings, kinds, strict=True)
    ]
    body = [
        tag("tr", *(tag("td", one.content, class_=one.kind or None) for one in line))
        for line in lines
    ]
    above = [tag("caption", caption)] if caption else []
    inner = tag("table", *above, tag("thead", tag("tr", *head)), tag("tbody", *body))
    return tag("div", inner, class_="scroll")
