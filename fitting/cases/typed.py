"""Whether what a case gives has the type, and the range, that its entry asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from fitting.cases.files import CaseError
from fitting.cases.sections import Entry
from fitting.words import listed, suggest

WORDS = {str: "a text", int: "a whole number", float: "a number", list: "a list", dict: "a table with keys"}
ACCEPTED: dict[type, type | tuple[type, ...]] = {int: Integral, float: Real, list: (list, tuple), dict: Mapping}


def table(part: Any, place: str) -> Mapping[str, Any]:
    """A table of a case. Errors: CaseError for anything else."""
    if not isinstance(part, Mapping):
        raise CaseError(place, f"is {part!r}; give a table with keys")
    return part


def tables(part: Any, place: str) -> Mapping[str, Mapping[str, Any]]:
    """A table of tables by name. Errors: CaseError for anything else."""
    return {name: table(one, f"{place}.{name}") for name, one in table(part, place).items()}


def check_integers(part: Any, place: str = "") -> None:
    """Errors: CaseError for a whole number beyond the 64 bits of TOML, which no calculation takes."""
    if isinstance(part, Mapping):
        for key, inner in part.items():
            check_integers(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(part, list):
        for inner in part:
            check_integers(inner, place)
    elif isinstance(part, int) and abs(part) >= 2**63:
        raise CaseError(place, "the whole number has more than 64 bits: write it with a power of ten, such as 1e30")


def check_entries(place: str, given: Any, entries: Mapping[str, Entry]) -> Mapping[str, Any]:
    """What is given for some entries. Errors: CaseError for an unknown key, a wrong type, a number out of range."""
    for key, value in table(given, place).items():
        inner = f"{place}.{key}" if place else key
        if key not in entries:
            raise CaseError(inner, f"unknown key '{key}': {suggest(key, entries)}")
        check_entry(inner, value, entries[key])
    return dict(given)


def check_entry(place: str, value: Any, entry: Entry) -> None:
    """Errors: CaseError for a value of the wrong type, or out of the entry's range."""
    kinds = entry.types
    alien = isinstance(value, bool) and bool not in kinds
    if alien or not any(isinstance(value, ACCEPTED.get(kind, kind)) for kind in kinds):
        wanted = listed(WORDS.get(kind, kind.__name__) for kind in kinds if not (kind is int and float in kinds))
        raise CaseError(place, f"{value!r} has the wrong type: give {wanted.replace(' and ', ' or ')}")
    if entry.known and isinstance(value, list | tuple):
        for name in value:
            if not isinstance(name, str) or name not in entry.known:
                raise CaseError(place, f"unknown name {name!r}: {suggest(name, entry.known)}")
    low, high = entry.span
    if isinstance(value, Real) and not low <= float(value) <= high:
        raise CaseError(place, f"{value!r} is out of range: {_range(low, high)}")


def _range(low: float, high: float) -> str:
    if math.isinf(high):
        return f"it must be at least {low:g}"
    return f"it must be at least {low:g} and at most {high:g}"
