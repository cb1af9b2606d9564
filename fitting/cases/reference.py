"""The reference of a case file as a page, made from what the program reads."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

from fitting.cases.parts import KINDS, LOG, PRESETS
from fitting.cases.schema import Field, about, fields_of, is_choice, is_parameter, is_required
from fitting.cases.schema import schema as schema
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
from fitting.tables.kinds import KINDS as TABLE_KINDS
from jaxcrc._types import largest

INTRODUCTION = """# The case file

A case is a TOML file: where one looks, what is there, what was measured, what is free. This page is made from the
program itself (`python -m fitting.cases.reference > docs/case.md`), so it says what is read. `jaxcrc case --template`
prints a commented case to start from, `jaxcrc case w28` a shipped one, and `jaxcrc case --schema` the same as this page
as a JSON schema, for editors that check TOML. A misspelt key is refused, with the nearest known one.

A short case; [your_own_data.md](your_own_data.md) goes through one:

```toml
title = "A halo"

[view]
distance = "1 kpc"

[components.halo]
transport = "homogeneous"
medium = {kind = "suppressed", reference = "nava16", log10_chi = -1.5, delta = 0.4}

[components.halo.source]
spectrum = {index = 2.2, cutoff = "1000 TeV"}
release = {kind = "burst", energy = "3e49 erg", age = "20 kyr"}

[tables.profile]
file = "my_profile.ecsv"

[priors."components.halo.medium.log10_chi"]
dist = "uniform"
low = -3.0
high = 0.0
source = "wide"
```

**Numbers.** A parameter is a number in the unit of its row, or a text with a unit: `distance = 1.0` and
`distance = "1 kpc"` are the same. The unit `dex(yr)` means the log10 of a number of years, `dex` the log10 of a number
without unit. So `log10_age = 4.3` is 20 000 years, and `age = "20 kyr"`, without `log10_` and with a unit, says the
same. A prior always names the logarithm: `components.halo.source.release.log10_age`. A `–` means no unit, or no limit.
A range is where the model is meant to hold: no value may leave it, and no prior, but for the tails of priors of
`view.distance`, of places and sizes on the sky, and of `delta`. Where there is no limit, numbers still end at 1e+12 in
their unit, and logarithms at 60, lest something overflow.

**Parts.** A part is a table with a `kind` and its keys, or the kind alone: `transport = "homogeneous"`. Where there is
only one kind, or the first is meant, `kind` may be left out."""

HEADINGS = {
    "view": "[view]",
    "cloud": "[view.clouds.NAME]",
    "component": "[components.NAME]",
    "nuisance": "[tables.NAME]",
    "gas": "[gas]",
    "light": "[light]",
    "photon field": "[light.photons.NAME]",
    "hadronic": "[hadronic]",
    "share": "[hadronic.models.NAME]",
}
WORDS = {
    "nuisance": "A table, and what it may be wrong by. Priors call it `data`: `data.NAME.scale`.",
    "component": "One component: what is released, where it moves, how, and where it is. Each of its "
    "[parts](#parts-of-a-component) has a section below.",
}
PRIORS = """What is free: each parameter with a prior; all others are held. PATH leads to a number, by the names of this
page: `components.NAME.source.release.log10_age`, `gas.density`, `view.clouds.NAME.depth`, `data.NAME.scale` for
`[tables.NAME]`. `jaxcrc.paths(scene)` gives all. A prior has a `dist`, its arguments, and a `source`: where it comes
from, which the report repeats. Numbers may have a unit, as `low = "10 kyr"`; of a `log10_` the place is taken the
logarithm of, and a width (`sd`, `sigma`) counts decades."""
TIES = """`"path that follows" = "path that leads"`: the follower takes the leader's value in every draw, and has no
prior of its own. Both count in the same unit, and all that the leader may be lies in the follower's range. Ties may
chain."""


def page() -> str:
    """The reference as Markdown."""
    parts = [role for role in KINDS if role not in HEADINGS]
    sections = {
        "title, text": f"`title`: {SECTIONS['title']}. `text`: {SECTIONS['text']}.",
        "[options]": _entries(OPTIONS),
        **{HEADINGS[role]: _role(role) for role in ("view", "cloud", "component", "nuisance")},
        "[tables.NAME.layout]": f"Where a simulation looks (`jaxcrc simulate`).\n\n{_entries(LAYOUT_KEYS)}",
        "Kinds of tables": _table_kinds(),
        '[priors."PATH"]': f"{PRIORS}\n\n{_priors()}",
        "[ties]": TIES,
        "[sampling]": _entries(SAMPLING),
        "[report]": _entries(REPORT),
        **{heading: _role(role) for role, heading in list(HEADINGS.items())[4:]},
    }
    index = f"{_links(sections)}\n\nParts of a component: {_links(parts)}"
    texts = [INTRODUCTION, f"## Contents\n\n{index}"]
    texts += [f"## {_code(heading)}\n\n{text}" for heading, text in sections.items()]
    texts.append("## Parts of a component")
    texts += [f"### `{role}`\n\n{_home(role)}{_role(role)}" for role in parts]
    return "\n\n".join(texts) + "\n"


def _code(heading: str) -> str:
    """A heading that is TOML as code."""
    return f"`{heading}`" if heading.startswith("[") else heading


def _link(heading: str) -> str:
    """A link within the page, with the anchor that Markdown makes of a heading."""
    anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    return f"[{_code(heading)}](#{anchor})"


def _links(headings: Iterable[str]) -> str:
    return " · ".join(_link(heading) for heading in headings)


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _entries(entries: Mapping[str, Entry]) -> str:
    rows = [(f"`{key}`", entry.default, entry.words + _known(entry.known)) for key, entry in entries.items()]
    return _grid(("key", "default", "what it is"), rows)


def _known(names: tuple[str, ...]) -> str:
    return f": {_names(names)}" if names else ""


def _table_kinds() -> str:
    rows = [(f"`{name}`", kind.example, kind.label) for name, kind in TABLE_KINDS.items()]
    table = _grid(("kind", "unit, such as", "on axes"), rows)
    return f"What a table, or a layout, may hold; [tables.md](tables.md) says what each means.\n\n{table}"


def _priors() -> str:
    rows = [(f"`{name}`", _arguments(family)) for name, family in FAMILIES.items()]
    return _grid(("dist", "arguments"), rows)


def _arguments(family: Family) -> str:
    needed = [name for name in family.arguments if name not in family.optional]
    several = f"; {' or '.join(f'`{name}`' for name in family.optional)}, or both" if family.optional else ""
    return _names(needed) + several


def _home(role: str) -> str:
    """Where a part belongs."""
    homes = [name for name, kinds in KINDS.items() if any(role in _keys(cls) for cls in kinds.values())]
    return f"In {', '.join(_link(HEADINGS.get(home, home)) for home in homes)}.\n\n"


def _keys(cls: type) -> set[str]:
    return {f.name for f in fields_of(cls) if not is_parameter(f) and not is_choice(f)}


def _role(role: str) -> str:
    """All that a field of the scene may be."""
    parts = [_part(role, name, cls) for name, cls in KINDS[role].items()]
    if role in MAPPINGS:
        key, part = MAPPINGS[role]
        parts.append(f"`{key}` is a table for each by name: {_link(HEADINGS[part])}.")
    if role in PRESETS:
        parts.append(f"More kinds, with published numbers; what you give goes first: {_names(PRESETS[role])}.")
    return "\n\n".join(parts)


def _part(role: str, name: str, cls: type) -> str:
    """One kind: what it is, and its keys."""
    words = WORDS.get(role, about(cls))
    title = f'**`kind = "{name}"`** – {words}' if len(KINDS[role]) > 1 else words
    rows = [(f"`{key}`", "–", e.default, "–", e.words + _known(e.known)) for key, e in EXTRAS.get(role, {}).items()]
    for f in fields_of(cls):
        key, unit, default, limits, doc = _row(cls, f)
        rows.append((key, unit, default + ", or known" * (f.name in REPLACED.get(role, ())), limits, doc))
    table = _grid(("key", "unit", "default", "range", "what it is"), rows) if rows else "No keys."
    return f"{title}\n\n{table}"


def _row(cls: type, f: Field) -> tuple[str, str, str, str, str]:
    """Key, unit, default, range and words of a field."""
    if is_parameter(f):
        alias = f" or `{f.name.removeprefix(LOG)}`" if f.name.startswith(LOG) else ""
        return f"`{f.name}`{alias}", f.metadata["unit"] or "–", _default(f), _limits(f) or "–", f.metadata["doc"]
    if is_choice(f):
        words = f.metadata.get("doc", "a choice") + _known(CHOICES.get((cls, f.name), ()))
        return f"`{f.name}`", str(f.metadata.get("quantity", "–")), _default(f), "–", words
    several = "a list of " if isinstance(f.default, tuple) else ""
    kinds = _known(tuple(KINDS[f.name])) if len(KINDS[f.name]) > 1 else ""
    return f"`{f.name}`", "–", _default(f), "–", f"{several}{_link(f.name)}{kinds}"


def _default(f: Field) -> str:
    if is_required(f):
        return "required"
    if f.default is dataclasses.MISSING:
        return "none" if f.metadata.get("optional") else "its defaults"
    return _toml(f.name, f.default)


def _toml(name: str, value: object) -> str:
    """A default as one would write it."""
    if value is None or value == () or value == "":
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str([*value]).replace("'", '"')
    kinds = {str(cls): kind for kind, cls in KINDS.get(name, {}).items()}
    return kinds.get(str(type(value)), str(value))


def _limits(f: Field) -> str:
    low, high, end = f.metadata["least"], f.metadata["most"], largest(f.metadata["unit"])
    ends = [f"from {low:g}"] * (low > -end) + [f"to {high:g}"] * (high < end)
    return " ".join(ends)


if __name__ == "__main__":
    print(page(), end="")
