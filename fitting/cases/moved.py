"""Cases written for earlier versions: what has another place now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOVED = {"light.hadronic_scale": "hadronic.scale", "light.models": "hadronic.models"}  # since 0.1


def modern(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The same case with keys and paths where they are now."""
    spec = {key: dict(part) if isinstance(part, Mapping) else part for key, part in spec.items()}
    for old, new in MOVED.items():
        (room, key), (new_room, new_key) = old.split("."), new.split(".")
        if isinstance(spec.get(room), dict) and key in spec[room]:
            spec.setdefault(new_room, {}).setdefault(new_key, spec[room].pop(key))
    if isinstance(spec.get("priors"), dict):
        spec["priors"] = {_path(path): prior for path, prior in spec["priors"].items()}
    if isinstance(spec.get("ties"), dict):
        spec["ties"] = {_path(one): _path(other) for one, other in spec["ties"].items()}
    return spec


def _path(path: Any) -> Any:
    for old, new in MOVED.items():
        if isinstance(path, str) and (path == old or path.startswith(f"{old}.")):
            return new + path.removeprefix(old)
    return path
