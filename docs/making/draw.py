"""Draws the pictures of the pages: ``python -m docs.making.draw``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

FOLDER = Path(__file__).parent.parent / "pictures"
LINE = 16
# Readable on a light and on a dark page.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1c2a3a; text-anchor: middle; }
  .box { fill: #dfeaf6; stroke: #5b83ad; } .store { fill: #f3e8d2; stroke: #a88a4a; }
  .outside { fill: #e4f1e2; stroke: #6a9a63; } .frame { fill: none; stroke: #8a97a5; stroke-dasharray: 5 4; }
  .arrow { stroke: #7f8c99; stroke-width: 1.5; fill: none; marker-end: url(#tip); }
  .word { fill: #7f8c99; font-size: 12px; } .title { font-weight: 600; }
"""


@dataclass(frozen=True)
class Box:
    """A named place; the first line of its text is its title."""

    x: int
    y: int
    width: int
    height: int
    text: str
    kind: str = "box"

    def svg(self) -> str:
        lines = self.text.split("\n")
        top = self.y + self.height / 2 - (len(lines) - 1) * LINE / 2 + 5
        words = "".join(
            f"<text{' class=' + chr(34) + 'title' + chr(34) if number == 0 else ''} "
            f'x="{self.x + self.width / 2}" y="{top + number * LINE}">{escape(line)}</text>'
            for number, line in enumerate(lines)
        )
        place = f'x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}"'
        return f'<rect class="{self.kind}" rx="6" {place}/>{words}'


def arrow(x: int, y: int, to_x: int, to_y: int, word: str = "", above: int = 6) -> str:
    said = f'<text class="word" x="{(x + to_x) / 2}" y="{(y + to_y) / 2 - above}">{escape(word)}</text>' if word else ""
    return f'<path class="arrow" d="M{x} {y} L{to_x} {to_y}"/>{said}'


def picture(width: int, height: int, title: str, *parts: str) -> str:
    tip = (
        '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#7f8c99"/></marker>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">'
        f"<title>{title}</title><style>{STYLE}</style><defs>{tip}</defs>" + "\n".join(parts) + "</svg>\n"
    )


def overview() -> str:
    boxes = [
        Box(10, 40, 130, 60, "your code", "outside"),
        Box(10, 220, 130, 60, "your webhook", "outside"),
        Box(240, 40, 140, 60, "edge\nidentity, errors, JSON"),
        Box(450, 40, 150, 60, "services\nFlow Service, others"),
        Box(690, 40, 130, 60, "store\nSQLite, PostgreSQL", "store"),
        Box(240, 130, 140, 60, "clock\nand schedules"),
        Box(450, 130, 150, 60, "read\nthe source"),
        Box(240, 220, 140, 60, "inlet"),
        Box(450, 220, 150, 60, "map\nconvert, check"),
        Box(690, 220, 130, 60, "land\nin a batch"),
    ]
    frame = '<rect class="frame" x="215" y="15" width="625" height="285" rx="10"/>'
    arrows = [
        arrow(140, 70, 238, 70, "calls"),
        arrow(140, 250, 238, 250, "events"),
        arrow(380, 70, 448, 70),
        arrow(600, 70, 688, 70),
        arrow(380, 160, 448, 160, "due flow"),
        arrow(525, 190, 525, 218),
        arrow(380, 250, 448, 250),
        arrow(600, 250, 688, 250),
        arrow(755, 220, 755, 102),
    ]
    return picture(850, 315, "How it hangs together", frame, *arrows, *(box.svg() for box in boxes))


def floors() -> str:
    boxes = [
        Box(120, 10, 400, 50, "app, server, settings, cli, demo\ncomposition"),
        Box(120, 90, 400, 50, "services\none module or folder per published API"),
        Box(120, 170, 190, 66, "engine\nclock, ticker, runner,\nsources, landing"),
        Box(330, 170, 190, 66, "edge\nidentity, envelopes,\nrouting, JSON"),
        Box(120, 266, 400, 50, "store\ntables, database, queries, migrations"),
        Box(120, 346, 400, 50, "domain\nrules without web or database"),
        Box(120, 426, 400, 50, "fixtures\nspecs, errors, schemas, records", "store"),
    ]
    downs = [(320, 60, 88), (215, 140, 168), (425, 140, 168), (215, 236, 264), (425, 236, 264), (320, 316, 344)]
    arrows = [arrow(x, top, x, bottom) for x, top, bottom in [*downs, (320, 396, 424)]]
    return picture(640, 490, "The floors of the house", *arrows, *(box.svg() for box in boxes))


PICTURES = {"overview.svg": overview, "floors.svg": floors}

if __name__ == "__main__":
    for name, drawn in PICTURES.items():
        (FOLDER / name).write_text(drawn(), encoding="utf-8")
