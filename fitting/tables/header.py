"""Whether a file can be read without harm: how large it is, and what its header would grow to."""

from __future__ import annotations

from pathlib import Path

import yaml

from fitting.tables.checks import TableError

LARGEST_FILE = 64_000_000  # bytes
LARGEST_HEADER = 100_000  # entries, each as often as it is referred to


def check_file(file: Path) -> None:
    """Errors: TableError for a file that is far too long, or whose header refers to itself again and again."""
    if (size := file.stat().st_size) > LARGEST_FILE:
        raise TableError(f"the file has {size / 1e6:.0f} MB; a table of measured points has no more than 64")
    with file.open(encoding="utf-8", errors="replace") as lines:
        header = "\n".join(line[1:].removeprefix(" ").rstrip("\n") for line in lines if line.startswith("#"))
    try:
        node = yaml.compose(header.removeprefix("%ECSV 1.0"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return  # what reads the table will say what is wrong
    if node is not None and _entries(node, {}) > LARGEST_HEADER:
        raise TableError("the header refers to parts of itself until they fill the memory; write each part once")


def _entries(node: yaml.Node, known: dict[int, float]) -> float:
    """How many entries a node holds, each as often as it is referred to; without end where it holds itself."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = float("inf")  # until its parts are counted
    parts = node.value if isinstance(node, yaml.CollectionNode) else ()
    inner = [one for part in parts for one in (part if isinstance(part, tuple) else (part,))]
    known[id(node)] = 1.0 + sum(_entries(one, known) for one in inner)
    return known[id(node)]
