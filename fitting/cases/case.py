"""TOML -> Problem and back. Every error names the file, the line, the key and the remedy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import tomli_w

from fitting.cases.files import CASE_FILE, CaseError, line_of, locate_case, parse, text_of
from fitting.cases.folder import held, publish, refuse_replacing
from fitting.cases.layout import blank_table
from fitting.cases.light import (
    build_hadronic,
    build_light,
    build_nuclear,
    spell_hadronic,
    spell_light,
    spell_nuclear,
)
from fitting.cases.moved import modern
from fitting.cases.names import by_path, check_each, check_names
from fitting.cases.parts import build, position, spell
from fitting.cases.sections import OPTIONS, REPORT, SAMPLING, SECTIONS, TABLE_KEYS, TYPES, Entry
from fitting.cases.typed import check_entries, check_integers, table, tables
from fitting.problem.pivots import pivots
from fitting.problem.priors import WIDTHS, Prior, PriorError, make, spec_of
from fitting.problem.problem import Problem
from fitting.setup.centres import SOURCE, seen_from
from fitting.setup.options import AssemblyError, OptionError, Options
from fitting.tables.checks import TableError
from fitting.tables.files import locate_shipped, read_table, table_bytes
from fitting.tables.sphere import bearing, separation
from fitting.tables.table import Table
from fitting.words import plain
from jaxcrc.scene import Model, Scene, describe, values_at
from jaxcrc.units import to_float


def load(name: str | Path) -> Problem:
    """The Problem that a case describes.

    Arguments: name — a shipped case ("w28", "demo"), a case file, or a folder that holds `case.toml`.
    Errors: CaseError (a ValueError): one sentence naming file, line and key, and the remedy.
    """
    path = locate_case(name)
    raw = text_of(path)
    spec = parse(raw, path)
    try:
        return read(spec, path.parent)
    except CaseError as error:
        raise CaseError("", f"{path}{line_of(raw, error.place)}: {error}") from None
    except TableError as error:
        raise CaseError("", str(error)) from None
    except (PriorError, AssemblyError, ValueError) as error:
        raise CaseError("", f"{path}: {error}") from None


def sources(name: str | Path) -> list[Path]:
    """The files that a case is read from: itself, and those of its tables."""
    path = locate_case(name)
    spec = table(parse(text_of(path), path).get("tables", {}), "tables")
    named = [part["file"] for part in spec.values() if isinstance(part, Mapping) and "file" in part]
    return [path, *(path.parent / str(file) for file in named)]


def read(spec: Mapping[str, Any], folder: Path) -> Problem:
    """The Problem that the parsed TOML describes; table files are looked up beside the case first.

    Errors: CaseError and its kin, without the file's name.
    """
    check_integers(spec)
    check_entries("", spec, {key: Entry(words, TYPES.get(key, (dict,))) for key, words in SECTIONS.items()})
    check_names(spec)
    spec = modern({**spec, **{key: by_path(key, spec[key]) for key in ("priors", "ties") if key in spec}})
    for section in ("components", "view", "tables"):
        if section not in spec:
            raise CaseError("", f"section [{section}] is missing: see `jaxcrc case --template`")
    view, centres, shapes = _view(spec["view"])
    components = {name: _component(part, f"components.{name}", centres) for name, part in spec["components"].items()}
    tables, nuisances, clouds = _tables(spec["tables"], folder, centres)
    gas = build("gas", spec.get("gas", {"density": 1.0}), "gas")
    light = build_light(spec.get("light", {}), "light")
    hadronic = build_hadronic(spec.get("hadronic", {}), "hadronic")
    extra = check_entries("options", spec.get("options", {}), OPTIONS)
    ties = _ties(spec.get("ties", {}))
    try:
        options = Options(clouds=clouds, centres=centres, cloud_shape=shapes, ties=ties, **_chosen(extra))
    except OptionError as error:
        raise CaseError(error.place, error.message) from None
    scene = Scene(components, view, nuisances, gas, light, hadronic)
    priors = {path: _prior(scene, path, part) for path, part in spec.get("priors", {}).items()}
    if hadronic.models and "hadronic" in extra:
        raise CaseError("options.hadronic", "names one model, [hadronic.models] others: drop one of the two")
    sampling = check_entries("sampling", spec.get("sampling", {}), SAMPLING)
    title, text = plain(spec.get("title", "")), plain(spec.get("text", "")).strip()
    return Problem(scene, tables, priors, options, title, text, sampling, _report(spec.get("report", {})))


def _report(spec: Any) -> dict[str, Any]:
    found = dict(check_entries("report", spec, REPORT))
    try:
        pivots(found.get("energies", []))
    except ValueError as error:
        raise CaseError("report.energies", str(error)) from None
    return found


def _ties(given: Mapping[str, Any]) -> dict[str, str]:
    for follower, leader in given.items():
        if not isinstance(leader, str):
            raise CaseError(f"ties.{follower}", f"is {leader!r}; give the path that it follows, in quotes")
    return dict(given)


def _chosen(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {k: build_nuclear(value, f"options.{k}") if k == "nuclear" else value for k, value in extra.items()}


def _view(spec: Mapping[str, Any]) -> tuple[Any, dict[str, tuple[float, float]], dict[str, str]]:
    """View, centres on the sky, and shapes of clouds; two centres give a cloud its offset and azimuth."""
    spec = dict(spec)
    centres, shapes, clouds = {}, {}, {}
    if "centre" in spec:
        centres[SOURCE] = position(spec.pop("centre"), "view.centre")
    for name, part in tables(spec.pop("clouds", {}), "view.clouds").items():
        place, part = f"view.clouds.{name}", dict(part)
        if "shape" in part:
            shapes[name] = str(part.pop("shape"))
            if shapes[name] not in ("gaussian", "ball"):
                raise CaseError(f"{place}.shape", f"unknown shape '{shapes[name]}': use 'gaussian' or 'ball'")
        if "centre" in part:
            centres[name] = position(part.pop("centre"), f"{place}.centre")
            if SOURCE in centres:
                part = {**seen_from(centres[SOURCE], centres[name]), **part}
        clouds[name] = build("cloud", part, place)
    view = build("view", spec, "view")
    object.__setattr__(view, "clouds", clouds)
    return view, centres, shapes


def _component(spec: Any, place: str, centres: Mapping[str, tuple[float, float]]) -> Model:
    """A component; the centre of its place on the sky, and the source's, give its offsets to the north and east."""
    own = spec.get("place") if isinstance(spec, Mapping) else None
    if isinstance(own, Mapping) and "centre" in own:
        inner, own = f"{place}.place.centre", dict(own)
        there = position(own.pop("centre"), inner)
        if "source" not in centres or {"north", "east"} & own.keys():
            raise CaseError(inner, "needs view.centre, and no north or east beside it: give one or the other")
        distance, angle = math.degrees(separation(centres["source"], there)), bearing(centres["source"], there)
        offsets = {"north": distance * math.cos(angle), "east": distance * math.sin(angle)}
        spec = {**spec, "place": {**own, **offsets}}
    spec, claimed = (dict(spec), spec.get("particle")) if isinstance(spec, Mapping) else (spec, None)
    if claimed is not None:  # cases for 0.1 said so; now the source knows
        del spec["particle"]
    model: Model = build("component", spec, place)
    if claimed not in (None, model.particle):
        kind = type(model.source).__name__
        raise CaseError(f"{place}.particle", f"is {claimed!r}, but a {kind} releases {model.particle}s: drop the line")
    return model


def _tables(
    spec: Mapping[str, Any], folder: Path, centres: Mapping[str, tuple[float, float]]
) -> tuple[dict[str, Table], dict[str, Any], dict[str, str]]:
    found, nuisances, clouds = {}, {}, {}
    for name, given in tables(spec, "tables").items():
        place, part = f"tables.{name}", dict(given)
        chosen = check_entries(place, {key: part.pop(key) for key in TABLE_KEYS if key in part}, TABLE_KEYS)
        if ("file" in chosen) == ("layout" in chosen):
            raise CaseError(place, "give either `file` (measured values) or `layout` (where a simulation looks)")
        if "file" in chosen:
            found[name] = _measured(chosen["file"], folder)
        else:
            middle = centres.get(str(chosen.get("cloud", "source")))
            found[name] = blank_table(name, chosen["layout"], f"{place}.layout", middle)
        if "cloud" in chosen:
            clouds[name] = str(chosen["cloud"])
        nuisances[name] = build("nuisance", part, place)
    return found, nuisances, clouds


def _measured(file: str, folder: Path) -> Table:
    """A table beside the case, or one that ships: never one that happens to lie in the current folder."""
    return read_table(folder / file if (folder / file).exists() else locate_shipped(file))


def _prior(scene: Scene, path: str, part: Any) -> Prior:
    if not isinstance(part, Mapping):
        raise CaseError(f"priors.{path}", f"is {part!r}; give a table such as {{dist = 'uniform', low = 0, high = 1}}")
    texts = {key: value for key, value in part.items() if isinstance(value, str) and key not in ("dist", "source")}
    try:
        return make({**part, **{key: _in_unit(scene, path, key, value) for key, value in texts.items()}})
    except ValueError as error:
        raise CaseError(f"priors.{path}", str(error)) from None


def _in_unit(scene: Scene, path: str, key: str, value: str) -> float:
    """An argument of a prior that says its unit, as the parameter counts it; of a logarithm only places have one."""
    unit = str(describe(scene, path)["unit"])
    if key not in WIDTHS:
        return float(values_at(scene, {path: value})[path])
    if unit.startswith("dex"):
        raise ValueError(f"{key} = {value!r} is a width of a logarithm: give a number of decades")
    return to_float(value, unit)


def spell_case(problem: Problem, files: Mapping[str, str]) -> dict[str, Any]:
    """The dictionary that `read` turns into the same problem; `files` says where each table lies."""
    scene, options = problem.scene, problem.options
    view = spell("view", scene.view)
    if "source" in options.centres:
        view["centre"] = list(options.centres["source"])
    if scene.view.clouds:
        view["clouds"] = {name: _spell_cloud(name, cloud, options) for name, cloud in scene.view.clouds.items()}
    tables = {}
    for name in problem.tables:
        cloud = {"cloud": options.clouds[name]} if name in options.clouds else {}
        tables[name] = {"file": files[name], **cloud, **spell("nuisance", scene.data[name])}
    chosen = {f.name: getattr(options, f.name) for f in fields(options) if f.name in OPTIONS}
    chosen["nuclear"] = spell_nuclear(options.nuclear)
    chosen["absorption"] = dict(options.absorption) or None
    unspoken = ("sea", "hadronic") if scene.hadronic.models else ("sea",)
    return {
        "title": problem.title,
        "text": problem.text,
        "options": {k: v for k, v in chosen.items() if v is not None and k not in unspoken},
        "gas": spell("gas", scene.gas),
        "light": spell_light(scene.light),
        "hadronic": spell_hadronic(scene.hadronic),
        "components": {name: spell("component", part) for name, part in scene.components.items()},
        "view": view,
        "tables": tables,
        "priors": {path: spec_of(prior) for path, prior in problem.priors.items()},
        "ties": dict(options.ties),
        "sampling": problem.sampling,
        **({"report": problem.report} if problem.report else {}),
    }


def _spell_cloud(name: str, cloud: Any, options: Options) -> dict[str, Any]:
    spec = {**spell("cloud", cloud), "shape": options.cloud_shape.get(name, "gaussian")}
    return {**spec, "centre": list(options.centres[name])} if name in options.centres else spec


def write_case(
    problem: Problem, folder: str | Path, tables: Mapping[str, Table] | None = None, overwrite: bool = False
) -> Path:
    """Write a case file and its tables into a folder, which `load` (and `jaxcrc fit`) takes.

    Arguments: tables — tables to write instead of the problem's own, such as mocks; overwrite — replace what is there.
    Errors: CaseError when the folder holds a case already.
    """
    folder = Path(folder)
    with held(folder):
        files = case_files(problem, tables)
        refuse_replacing(folder, dict.fromkeys(files), overwrite)
        publish(folder, files)
    return folder / CASE_FILE


def case_files(problem: Problem, tables: Mapping[str, Table] | None = None) -> dict[str, bytes]:
    """{name of a file: content} of a problem as a case and its tables, the case last.

    Arguments: tables — as for `write_case`. Errors: PriorError, CaseError for what no case file can say.
    """
    for section, names in _names(problem).items():
        check_each(section, names)
    files = {name: f"{name}.ecsv" for name in problem.tables}
    contents = {files[name]: table_bytes(table) for name, table in (tables or problem.tables).items()}
    try:
        text = tomli_w.dumps(spell_case(problem, files))
    except TypeError as error:
        raise CaseError("", f"a case file cannot hold this problem ({error}): give plain numbers and texts") from None
    return {**contents, CASE_FILE: text.encode("utf-8")}


def _names(problem: Problem) -> dict[str, Iterable[str]]:
    scene = problem.scene
    return {"components": scene.components, "tables": problem.tables, "view.clouds": scene.view.clouds}
