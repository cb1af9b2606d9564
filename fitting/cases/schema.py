"""What a case may hold, as a JSON schema made from what the program reads: for editors that check TOML."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from fitting.cases.parts import KINDS, LOG, PRESETS
from fitting.cases.sections import (
    CHOICES,
    EXTRAS,
    LAYOUT_KEYS,
    MAPPINGS,
    OPTIONS,
    REPLACED,
    REPORT,
    SAMPLING,
    SECTIONS,
    Entry,
)
from fitting.problem.priors import FAMILIES, Family

JSON_TYPES = {str: "string", int: "integer", float: "number", list: "array", dict: "object", bool: "boolean"}
OPEN = {"type": "object", "additionalProperties": True}
NUMBER_OR_TEXT = {"type": ["number", "string"]}
Field = dataclasses.Field[Any]


def about(cls: type) -> str:
    """The first paragraph of a class's docstring."""
    return (cls.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")


def fields_of(cls: type) -> Iterator[Field]:
    """The fields that a case gives as keys; mappings have tables of their own, see `MAPPINGS`."""
    yield from (f for f in dataclasses.fields(cls) if not str(f.type).startswith("dict["))


def is_parameter(f: Field) -> bool:
    """Whether a field is a number that a prior may name."""
    return "unit" in f.metadata


def is_choice(f: Field) -> bool:
    """Whether a field is chosen rather than fitted."""
    return bool(f.metadata.get("static", False))


def is_required(f: Field) -> bool:
    """Whether a case has to give it."""
    missing = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    return missing and not f.metadata.get("optional", False)


def schema() -> dict[str, Any]:
    """The schema of a case (draft 2020-12)."""
    sections: dict[str, Any] = {key: {**OPEN, "description": words} for key, words in SECTIONS.items()}
    for key in ("title", "text"):
        sections[key] = {"type": "string", "description": SECTIONS[key]}
    for key, role in (("components", "component"), ("tables", "nuisance")):
        sections[key]["additionalProperties"] = _reference(role)
    sections |= {key: _reference(key) for key in ("gas", "light", "hadronic", "view")}
    sections["priors"]["additionalProperties"] = {"$ref": "#/$defs/prior"}
    sections["ties"]["additionalProperties"] = {"type": "string"}
    chosen = {"options": OPTIONS, "sampling": SAMPLING, "report": REPORT}
    sections |= {key: _closed(_entries(given)) for key, given in chosen.items()}
    definitions = {_name(role): _definition(role) for role in KINDS}
    definitions["prior"] = {"oneOf": [_prior(name, family) for name, family in FAMILIES.items()]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A case of jaxcrc",
        **_closed(sections),
        "required": ["components", "view", "tables"],
        "$defs": definitions,
    }


def _name(role: str) -> str:
    return role.replace(" ", "-")


def _reference(role: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{_name(role)}"}


def _closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _entries(entries: Mapping[str, Entry]) -> dict[str, Any]:
    found = {}
    for key, entry in entries.items():
        ends = {"minimum": entry.span[0], "maximum": entry.span[1]}
        limits = {name: end for name, end in ends.items() if math.isfinite(end)}
        found[key] = {"type": [JSON_TYPES[kind] for kind in entry.types], **limits, "description": entry.words}
        if entry.known:
            found[key] = {"description": entry.words, **_one_of(entry.known, list in entry.types)}
    return found


def _one_of(known: tuple[str, ...], several: bool) -> dict[str, Any]:
    """One of some names, or a list of them."""
    return {"type": "array", "items": {"enum": list(known)}} if several else {"enum": list(known)}


def _prior(name: str, family: Family) -> dict[str, Any]:
    numbers = {argument: {"type": ["number", "string"]} for argument in family.arguments}
    needed = ["dist", *(argument for argument in family.arguments if argument not in family.optional)]
    return {**_closed({"dist": {"const": name}, **numbers, "source": {"type": "string"}}), "required": needed}


def _definition(role: str) -> dict[str, Any]:
    """All that a field of the scene may be: a name, or a table."""
    names = [*KINDS[role], *PRESETS.get(role, {})]
    first = next(iter(KINDS[role]))
    tables = [_table(role, name, name == first) for name in KINDS[role]]
    for preset, (kind, _) in PRESETS.get(role, {}).items():
        table = _table(role, kind, False)
        rules = [rule for rule in table.pop("allOf", []) if "not" in rule]  # its numbers are known
        table |= {"allOf": rules} if rules else {}
        tables.append({**table, "properties": {**table["properties"], "kind": {"const": preset}}})
    return {"oneOf": [{"enum": names}, *tables]}


def _table(role: str, kind: str, is_default: bool) -> dict[str, Any]:
    cls = KINDS[role][kind]
    properties: dict[str, Any] = {"kind": {"const": kind}, **_entries(EXTRAS.get(role, {}))}
    needed, twice = [], []
    for f in fields_of(cls):
        spellings = _spellings(cls, f)
        properties |= spellings
        twice += [list(spellings)] * (len(spellings) > 1)
        if is_required(f) and f.name not in REPLACED.get(role, ()):
            needed.append({"anyOf": [{"required": [name]} for name in spellings]})
    if role in MAPPINGS:
        key, part = MAPPINGS[role]
        properties[key] = {"type": "object", "additionalProperties": _reference(part)}
    if "layout" in properties:
        properties["layout"] = {**_closed(_entries(LAYOUT_KEYS)), "required": ["kind", "unit"]}
    required = [] if is_default else ["kind"]
    table = {**_closed(properties), "description": about(cls), "required": required}
    rules = [*needed, *({"not": {"required": names}} for names in twice)]
    return {**table, "allOf": rules} if rules else table


def _spellings(cls: type, f: Field) -> dict[str, Any]:
    """The ways to write a field, each with its schema."""
    if is_parameter(f):
        words = {"description": f"{f.metadata['doc']} [{f.metadata['unit']}]"}
        ends = {"minimum": f.metadata["least"], "maximum": f.metadata["most"]}
        bounded = {"type": "number"} | {key: end for key, end in ends.items() if math.isfinite(end)}
        found = {f.name: {**words, "anyOf": [bounded, {"type": "string"}]}}
        if f.name.startswith(LOG):
            bare = f.metadata["unit"] == "dex"
            found[f.name.removeprefix(LOG)] = {**words, **(NUMBER_OR_TEXT if bare else {"type": "string"})}
        return found
    if is_choice(f):
        return {f.name: {"description": f.metadata.get("doc", "a choice"), **_choice(cls, f)}}
    part = _reference(f.name)
    return {f.name: {"type": "array", "items": part} if isinstance(f.default, tuple) else part}


def _choice(cls: type, f: Field) -> dict[str, Any]:
    """What a field that is chosen may be."""
    if (cls, f.name) in CHOICES:
        return _one_of(CHOICES[cls, f.name], isinstance(f.default, tuple))
    if "quantity" in f.metadata:
        return NUMBER_OR_TEXT
    return {"type": JSON_TYPES[type(f.default)]} if type(f.default) in JSON_TYPES else {}
