# SPDX-License-Identifier: GPL-3.0-or-later
"""A drawing of boxes, texts and arrows as SVG text: no fonts, scripts or files from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

INK, SOFT, PAPER = "#1f2933", "#7b8794", "#ffffff"
CHARACTER = 7.3  # pixels, upper bound of a character at 12 px in the fonts named below
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,monospace"


@dataclass
class Drawing:
    """Shapes are added in pixels from the left upper corner; the later one lies on top."""

    width: int
    height: int
    title: str
    _shapes: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, fill: str = "#eef2f7") -> None:
        """A rectangle with round corners."""
        self._shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" '
            f'fill="{fill}" stroke="{SOFT}"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        anchor: str = "start",
        colour: str = INK,
        turn: int = 0,
    ) -> None:
        """Words at their base line; anchor: start, middle, end; turn: degrees about that point."""
        turned = f' transform="rotate({turn} {x:g} {y:g})"' if turn else ""
        self._shapes.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}"{turned}>'
            f"{escape(words)}</text>"
        )

    def arrow(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        dashed: bool = False,
        tip: bool = True,
    ) -> None:
        """A curve that leaves and arrives horizontally."""
        (x1, y1), (x2, y2) = start, end
        bend = max(24.0, abs(x2 - x1) / 2)
        style = ' stroke-dasharray="4 3"' if dashed else ""
        style += ' marker-end="url(#tip)"' if tip else ""
        self._shapes.append(
            f'<path d="M{x1:g} {y1:g} C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}" '
            f'fill="none" stroke="{SOFT}"{style}/>'
        )

    def dot(self, x: float, y: float, fill: str = "#2f6f4f") -> None:
        """A mark in a cell of a grid."""
        self._shapes.append(f'<circle cx="{x:g}" cy="{y:g}" r="5" fill="{fill}"/>')

    def __str__(self) -> str:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" role="img" font-family="{FONT}" '
            f'font-size="12">\n<title>{escape(self.title)}</title>\n'
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
            f'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="{SOFT}"/>'
            "</marker></defs>\n"
            f'<rect width="100%" height="100%" rx="6" fill="{PAPER}"/>\n'
        )
        return head + "\n".join(self._shapes) + "\n</svg>\n"


def room(words: str) -> float:
    """Pixels that a text takes at most."""
    return len(words) * CHARACTER
