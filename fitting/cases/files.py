"""Case files: where they lie, and how a mistake in one is told. Light to import."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from fitting.tables.shipped import data_folder
from fitting.words import suggest

CASE_FILE = "case.toml"
LONGEST = 10_000_000  # bytes of a case file


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


def text_of(path: Path) -> str:
    """The text of a case file. Errors: CaseError for what is no text, or far too long for a case."""
    if path.stat().st_size > LONGEST:
        raise CaseError("", f"{path} has {path.stat().st_size / 1e6:.0f} MB: that is no case file")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CaseError("", f"{path} is no text in UTF-8: that is no case file") from None


def parse(raw: str, path: Path) -> dict[str, Any]:
    """The TOML of a case. Errors: CaseError with what is wrong, and where."""
    try:
        return tomllib.loads(raw)
    except tomllib.TOMLDecodeError as error:
        raise CaseError("", f"{path}: not valid TOML: {error}") from None
    except (RecursionError, ValueError) as error:
        reason = "brackets within brackets, too deep" if isinstance(error, RecursionError) else error
        raise CaseError("", f"{path}: not valid TOML: {reason}") from None


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
