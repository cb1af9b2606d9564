"""Cases written for earlier versions: what has another place now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fitting.cases.files import CaseError

MOVED = {"light.hadronic_scale": "hadronic.scale", "light.models": "hadronic.models"}  # since 0.1


def modern(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The same case with keys and paths where they are now. Errors: CaseError for one that is in both places."""
    spec = {key: dict(part) if isinstance(part, Mapping) else part for key, part in spec.items()}
    for old, new in MOVED.items():
        (room, key), (new_room, new_key) = old.split("."), new.split(".")
        if isinstance(spec.get(room), dict) and key in spec[room]:
            there = spec.setdefault(new_room, {})
            if new_key in there:
                raise CaseError(old, f"is {new} now, which is given too: drop one of the two")
            there[new_key] = spec[room].pop(key)
    if isinstance(spec.get("priors"), dict):
        spec["priors"] = _paths("priors", spec["priors"])
    if isinstance(spec.get("ties"), dict):
        spec["ties"] = {one: _path(other) for one, other in _paths("ties", spec["ties"]).items()}
    return spec


def _paths(section: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, entry in spec.items():
        if (new := _path(path)) in found:
            raise CaseError(f"{section}.{path}", f"{new} is given by its old name too: drop one of the two")
        found[new] = entry
    return found


def _path(path: Any) -> Any:
    for old, new in MOVED.items():
        if isinstance(path, str) and (path == old or path.startswith(f"{old}.")):
            return new + path.removeprefix(old)
    return path
