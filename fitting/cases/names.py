"""Names that a case gives to its parts: each is a step of a path, and a table's is that of its file too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fitting.cases.files import CaseError

LONGEST = 80
ALLOWED = re.compile(r"[\w +()'*,&#~-]+")
NAMED = ("components", "tables", "view.clouds", "light.photons", "hadronic.models")
RESERVED = {"tables": ("summary", "half_life")}  # a report and a study call their own tables so


def check_names(spec: Mapping[str, Any]) -> None:
    """Errors: CaseError for a name in a case that could be no step of a path, or no file's name."""
    for section in NAMED:
        part: Any = spec
        for key in section.split("."):
            part = part.get(key, {}) if isinstance(part, Mapping) else {}
        check_each(section, part if isinstance(part, Mapping) else ())


def check_each(section: str, names: Iterable[str]) -> None:
    """The same for the names of one section."""
    for name in names:
        place = f"{section}.{name}"
        if not ALLOWED.fullmatch(name) or name != name.strip():
            wrong = next((c for c in name if not ALLOWED.fullmatch(c)), " ")
            other = re.sub(r"[^\w+-]+", "", name) or "another"
            what = f"a name cannot hold {wrong!r}" if name.strip() else "a name cannot be empty"
            raise CaseError(place, f"{what}, for paths and files are made of it: write it as '{other}'")
        if len(name) > LONGEST:
            raise CaseError(place[:LONGEST], f"the name has {len(name)} characters: {LONGEST} will do")
        if name.lower() in RESERVED.get(section, ()):
            raise CaseError(place, f"'{name}.ecsv' is written by jaxcrc itself: give the table another name")
    _check_alike(section, names)


def _check_alike(section: str, names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if (other := seen.setdefault(name.lower(), name)) != name:
            raise CaseError(f"{section}.{name}", f"differs from '{other}' in capitals alone: give it another name")


def by_path(section: str, spec: Any) -> dict[str, Any]:
    """{path: entry} of a section whose keys are paths, in quotes or as TOML nests them without.

    Errors: CaseError for a path that is given in both ways.
    """
    if not isinstance(spec, Mapping):
        raise CaseError(section, f"is {spec!r}; give a table with keys")
    found: dict[str, Any] = {}
    for path, entry in _leaves(spec):
        if path in found:
            raise CaseError(f"{section}.{path}", "is given twice: drop one of the two")
        found[path] = entry
    return found


def _leaves(spec: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and entries: a table of nothing but tables, or of paths that paths follow, is a step on the way."""
    for key, entry in spec.items():
        path = f"{prefix}{key}"
        if isinstance(entry, Mapping) and entry and all(_is_step(name, part) for name, part in entry.items()):
            yield from _leaves(entry, f"{path}.")
        else:
            yield path, entry


def _is_step(name: str, part: Any) -> bool:
    return isinstance(part, Mapping) or (isinstance(part, str) and name not in ("dist", "source"))
