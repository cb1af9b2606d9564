"""The report as one self-contained page: text and tables to HTML, pictures inside."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence

from fitting.words import plain

CSS = """
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #ffffff; --line: #d5d5d5; --soft: #f4f4f2; --mark: #a33b00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e3; --paper: #17181a; --line: #3b3d40; --soft: #222427; --mark: #ff9a5c; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 66rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
h3 { font-size: 1rem; margin-bottom: 0.3rem; }
.banner { border: 2px solid var(--mark); color: var(--mark); font-weight: 700; padding: 0.5rem 0.8rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; margin: 0.6rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 0.25rem 0.45rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { border-bottom-width: 2px; }
th:first-child, td:first-child, table.words td { text-align: left; }
table.words th { text-align: left; }
table.numbers td:first-child { min-width: 9rem; }
@media (max-width: 44rem) {
  table.stacked thead { display: none; }
  table.stacked, table.stacked tbody, table.stacked tr { display: block; }
  table.stacked tr { border-bottom: 2px solid var(--line); padding: 0.4rem 0; }
  table.stacked td { display: flex; justify-content: space-between; gap: 1rem; text-align: right; border: none;
    padding: 0.1rem 0; overflow-wrap: anywhere; }
  table.stacked td::before { content: attr(data-head); font-weight: 600; text-align: left; white-space: nowrap; }
  table.stacked td:first-child { display: block; font-weight: 700; text-align: left; }
}
figure { margin: 1.2rem 0; } figcaption { font-size: 0.9rem; margin-top: 0.3rem; }
img { max-width: 100%; height: auto; background: #ffffff; padding: 4px; border-radius: 4px;
  border: 1px solid var(--line); box-sizing: border-box; }
pre, code { font-family: ui-monospace, monospace; font-size: 0.85rem; }
pre { background: var(--soft); padding: 0.7rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media print {
  :root { --ink: #000000; --paper: #ffffff; --line: #bbbbbb; --soft: #f4f4f2; --mark: #a33b00; }
  body { font-size: 10pt; max-width: none; margin: 0; }
  figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; } table { font-size: 7.5pt; }
}
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole HTML document that needs nothing from elsewhere."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>{text(title)}</title><style>{CSS}</style>"
    body = "\n".join(part for part in parts if part)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def text(words: object) -> str:
    """Words as they stand, made safe for HTML."""
    return html.escape(plain(words))


def heading(words: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{text(words)}</h{level}>"


def paragraphs(texts: Iterable[str]) -> str:
    """A paragraph for each text."""
    return "\n".join(f"<p>{text(words)}</p>" for words in texts)


def banner(words: str) -> str:
    """A line that cannot be overlooked."""
    return f'<p class="banner">{text(words)}</p>'


def grid(columns: Sequence[str], rows: Iterable[Sequence[object]], kind: str = "numbers") -> str:
    """A table, with a head where there are columns; kind "words" aligns all of it to the left.

    On a narrow page the cells of a row with a head lie beneath each other, each with its column's name.
    """
    cells = "".join(f"<th>{text(column)}</th>" for column in columns)
    head = f"<thead><tr>{cells}</tr></thead>" if columns else ""
    body = "\n".join(f"<tr>{''.join(_cells(columns, row))}</tr>" for row in rows)
    table = f'<table class="{kind}{" stacked" * bool(columns)}">{head}<tbody>\n{body}\n</tbody></table>'
    return f'<div class="scroll">{table}</div>'


def _cells(columns: Sequence[str], row: Sequence[object]) -> list[str]:
    """The cells of a row; all but the first know their column."""
    heads = [f' data-head="{text(column)}"' for column in columns] or [""] * len(row)
    whole = [text(cell).replace(" × ", "\u00a0×\u00a0") for cell in row]  # a number stays on its line
    return [f"<td{head if k else ''}>{cell}</td>" for k, (head, cell) in enumerate(zip(heads, whole, strict=True))]


def facts(pairs: Mapping[str, object]) -> str:
    """A table of two columns: what, and its value."""
    return grid((), pairs.items(), "words")


def code(words: str) -> str:
    """Text in its own line breaks."""
    return f"<pre>{text(words)}</pre>"


def picture(png: bytes, caption: str) -> str:
    """A picture inside of the page, with its caption."""
    data = base64.b64encode(png).decode("ascii")
    image = f'<img alt="{text(caption)}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{text(caption)}</figcaption></figure>"
