"""Case files: where they lie, and how a mistake in one is told. Light to import."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from fitting.tables.shipped import data_folder
from fitting.words import suggest

CASE_FILE = "case.toml"


class CaseError(ValueError):
    """A case that cannot be read: `place` is the dotted key, the message says what is wrong and the remedy."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.place, self.message = place, message


def shipped_cases() -> dict[str, Path]:
    """Shipped cases by name."""
    folder = data_folder()
    found = {}
    for path in sorted(folder.rglob("*.toml")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        found[name.removesuffix("/case")] = path
    return found


def locate_case(name: str | Path) -> Path:
    """The file of a shipped case, or a path to a case file or to a folder with `case.toml`.

    Errors: CaseError with the nearest shipped names.
    """
    path = Path(name)
    if path.is_dir() and (path / CASE_FILE).is_file():
        return path / CASE_FILE
    if path.is_file():
        return path
    shipped = shipped_cases()
    if str(name) not in shipped:
        raise CaseError("", f"no case file '{name}' and no shipped case of that name: {suggest(str(name), shipped)}")
    return shipped[str(name)]


def title(name: str) -> str:
    """The title of a shipped case."""
    return str(tomllib.loads(shipped_cases()[name].read_text(encoding="utf-8")).get("title", ""))


def line_of(raw: str, place: str) -> str:
    """', line N' of the key at a dotted place, as near as the text tells."""
    best, depth, section = 0, 0, ""
    for number, text in enumerate(raw.splitlines(), 1):
        header = re.match(r"\s*\[([^\[\]]+)\]", text)
        key = re.match(r"\s*([A-Za-z0-9_.\-\"']+)\s*=", text)
        if header:
            section = header[1].replace('"', "").strip()
            here = section
        elif key:
            here = f"{section}.{key[1]}".replace('"', "").strip(".")
        else:
            continue
        if (place == here or place.startswith(f"{here}.")) and len(here) > depth:
            best, depth = number, len(here)
    return f", line {best}" if best else ""
