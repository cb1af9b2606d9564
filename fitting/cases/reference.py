"""The reference of a case file, made from what the program reads: a page, and a JSON schema for editors."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fitting.cases.parts import KINDS, LOG, PRESETS
from fitting.cases.sections import (
    CLOUD_KEYS,
    LAYOUT_KEYS,
    OPTIONS,
    PLACE_KEYS,
    SAMPLING,
    SECTIONS,
    TABLE_KEYS,
    VIEW_KEYS,
    Entry,
)
from fitting.problem.priors import FAMILIES
from fitting.tables.kinds import KINDS as TABLE_KINDS

JSON_TYPES = {str: "string", int: "integer", float: "number", list: "array", dict: "object", bool: "boolean"}
EXTRAS: dict[str, Mapping[str, Entry]] = {
    "place": PLACE_KEYS,
    "view": VIEW_KEYS,
    "cloud": CLOUD_KEYS,
    "nuisance": TABLE_KEYS,
}
HEADINGS = {
    "component": "components.NAME",
    "view": "view",
    "cloud": "view.clouds.NAME",
    "nuisance": "tables.NAME",
    "gas": "gas",
    "light": "light",
    "photon field": "light.photons.NAME",
    "hadronic": "hadronic",
    "share": "hadronic.models.NAME",
}
INTRODUCTION = """# The case file

A case is a TOML file: what is there, where one looks, what was measured, what is free. This page is made from the
program itself (`python -m fitting.cases.reference`), so that it says what is read. `jaxcrc case --template` prints a
commented case, `jaxcrc case --schema` this page as a JSON schema for editors, and `jaxcrc.paths(scene)` gives all paths
that a prior may name.

A parameter is a number in the unit given here, or a string with a unit: `"30 kyr"`. `log10_x` may be written as `x`
with a unit. A part is a table with a `kind`, or the kind alone: `transport = "homogeneous"`."""
MAPPINGS = {"light": ("photons",), "hadronic": ("models",), "view": ("clouds",)}
Field = dataclasses.Field[Any]


def about(cls: type) -> str:
    """The first sentence of a class's docstring."""
    return (cls.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")


def _fields(cls: type) -> Iterator[Field]:
    yield from (f for f in dataclasses.fields(cls) if f.default_factory is not dict)


def _is_parameter(f: Field) -> bool:
    return "unit" in f.metadata


def _required(f: Field) -> bool:
    missing = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    return missing and not f.metadata.get("optional", False)


def _limits(f: Field) -> str:
    low, high = f.metadata["low"], f.metadata["high"]
    ends = [f"from {low:g}"] * math.isfinite(low) + [f"to {high:g}"] * math.isfinite(high)
    return " ".join(ends)


def _default(f: Field) -> str:
    if _required(f):
        return "required"
    if f.default is dataclasses.MISSING or f.default is None:
        return "none" if f.metadata.get("optional") else "its defaults"
    return " ".join(f.default) if isinstance(f.default, tuple) else str(f.default)


def _row(f: Field) -> tuple[str, str, str, str, str]:
    """Name, unit, default, range and words of a field."""
    if _is_parameter(f):
        unit = f.metadata["unit"]
        alias = f" (or `{f.name.removeprefix(LOG)}` with a unit)" if f.name.startswith(LOG) else ""
        return f"`{f.name}`{alias}", unit or "–", _default(f), _limits(f) or "–", f.metadata["doc"]
    if f.metadata.get("static", False):
        return f"`{f.name}`", str(f.metadata.get("quantity", "–")), _default(f), "–", f.metadata.get("doc", "a choice")
    kinds = ", ".join(KINDS.get(f.name, {}))
    return f"`{f.name}`", "–", _default(f), "–", f"a part: {kinds}" if kinds else "a part"


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _entries(entries: Mapping[str, Entry]) -> str:
    rows = [(f"`{key}`", entry.default, entry.words) for key, entry in entries.items()]
    return _grid(("key", "default", "what it is"), rows)


def page() -> str:
    """The reference as Markdown."""
    sections = [(f"`[{key}]`", words) for key, words in SECTIONS.items()]
    parts = [INTRODUCTION, f"## Sections\n\n{_grid(('section', 'what it holds'), sections)}"]
    parts += [_role(role) for role in KINDS]
    parts.append(f"## `[tables.NAME.layout]`\n\n{_entries(LAYOUT_KEYS)}")
    kinds = [(f"`{name}`", kind.example, kind.label) for name, kind in TABLE_KINDS.items()]
    parts.append("### Kinds of tables\n\n" + _grid(("kind", "unit, such as", "on axes"), kinds))
    priors = [(f"`{name}`", ", ".join(family.arguments)) for name, family in FAMILIES.items()]
    parts.append('## `[priors."PATH"]`\n\n`dist`, its arguments, and `source`: where it comes from.\n\n')
    parts[-1] += _grid(("dist", "arguments"), priors)
    parts.append(f"## `[options]`\n\n{_entries(OPTIONS)}")
    parts.append(f"## `[sampling]`\n\n{_entries(SAMPLING)}")
    return "\n\n".join(parts) + "\n"


def _role(role: str) -> str:
    """A section for a field of the scene, with all that it may be."""
    heading = f"`[{HEADINGS[role]}]`" if role in HEADINGS else f"`{role}`"
    parts = [f"## {heading}"]
    for name, cls in KINDS[role].items():
        rows = [_row(f) for f in _fields(cls)]
        title = f'**`kind = "{name}"`** – ' if len(KINDS[role]) > 1 else ""
        table = _grid(("key", "unit", "default", "range", "what it is"), rows) if rows else "No keys."
        parts.append(f"{title}{about(cls)}\n\n{table}")
    if role in EXTRAS:
        parts.append(f"Besides:\n\n{_entries(EXTRAS[role])}")
    if role in PRESETS:
        parts.append(f"Published numbers by name: {', '.join(f'`{name}`' for name in PRESETS[role])}.")
    return "\n\n".join(parts)


def schema() -> dict[str, Any]:
    """The reference as a JSON schema (draft 2020-12), for editors that check TOML while one writes."""
    named = {"type": "object", "additionalProperties": True}
    sections: dict[str, Any] = {key: {**named, "description": words} for key, words in SECTIONS.items()}
    for key in ("title", "text"):
        sections[key] = {"type": "string", "description": SECTIONS[key]}
    for key, role in (("components", "component"), ("tables", "nuisance")):
        sections[key]["additionalProperties"] = {"$ref": f"#/$defs/{role}"}
    for key in ("gas", "light", "hadronic", "view"):
        sections[key] = {"$ref": f"#/$defs/{key}"}
    sections["priors"]["additionalProperties"] = {"$ref": "#/$defs/prior"}
    sections["ties"]["additionalProperties"] = {"type": "string"}
    sections["options"] = _closed(_properties(OPTIONS))
    sections["sampling"] = _closed(_properties(SAMPLING))
    definitions = {role.replace(" ", "-"): _definition(role) for role in KINDS}
    definitions["prior"] = {"oneOf": [_prior(name, family.arguments) for name, family in FAMILIES.items()]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A case of jaxcrc",
        **_closed(sections),
        "required": ["components", "view", "tables"],
        "$defs": definitions,
    }


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _properties(entries: Mapping[str, Entry]) -> dict[str, Any]:
    return {
        key: {"type": [JSON_TYPES[kind] for kind in entry.types], "description": entry.words}
        for key, entry in entries.items()
    }


def _prior(name: str, arguments: tuple[str, ...]) -> dict[str, Any]:
    numbers = {argument: {"type": "number"} for argument in arguments}
    return _closed({"dist": {"const": name}, **numbers, "source": {"type": "string"}}) | {"required": ["dist"]}


def _definition(role: str) -> dict[str, Any]:
    """All that a field of the scene may be: a name, or a table."""
    names = [*KINDS[role], *PRESETS.get(role, {})]
    first = next(iter(KINDS[role]))
    tables = [_table(role, name, name == first) for name in KINDS[role]]
    for preset, (kind, _) in PRESETS.get(role, {}).items():
        table = _table(role, kind, False)
        table.pop("allOf", None)  # its numbers are known
        tables.append({**table, "properties": {**table["properties"], "kind": {"const": preset}}})
    return {"oneOf": [{"enum": names}, *tables]}


def _table(role: str, kind: str, is_default: bool) -> dict[str, Any]:
    cls = KINDS[role][kind]
    properties: dict[str, Any] = {"kind": {"const": kind}, **_properties(EXTRAS.get(role, {}))}
    needed = []
    for f in _fields(cls):
        spellings = _spellings(f)
        properties |= spellings
        if _required(f) and role not in EXTRAS:
            needed.append({"anyOf": [{"required": [name]} for name in spellings]})
    for name in MAPPINGS.get(role, ()):
        properties.setdefault(name, {"type": "object"})
    required = [] if is_default else ["kind"]
    table = {**_closed(properties), "description": about(cls), "required": required}
    return {**table, "allOf": needed} if needed else table


def _spellings(f: Field) -> dict[str, Any]:
    """The ways to write a field, each with its schema."""
    if _is_parameter(f):
        low, high = f.metadata["low"], f.metadata["high"]
        number: dict[str, Any] = {"description": f"{f.metadata['doc']} [{f.metadata['unit']}]"}
        ends = {"minimum": low, "maximum": high}
        bounded = {"type": "number"} | {key: end for key, end in ends.items() if math.isfinite(end)}
        plain = {f.name: {**number, "anyOf": [bounded, {"type": "string"}]}}
        if not f.name.startswith(LOG):
            return plain
        return {**plain, f.name.removeprefix(LOG): {**number, "type": ["number", "string"]}}
    if f.metadata.get("static", False):
        return {f.name: {"description": f.metadata.get("doc", "a choice")}}
    part = {"$ref": f"#/$defs/{f.name}"} if f.name in KINDS else {"type": "object"}
    return {f.name: {"type": "array", "items": part} if isinstance(f.default, tuple) else part}


if __name__ == "__main__":
    print(page(), end="")
