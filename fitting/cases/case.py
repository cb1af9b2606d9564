"""TOML -> Problem and back. Every error names the file, the line, the key and the remedy."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import tomli_w

from fitting.cases.files import CASE_FILE, CaseError, line_of, locate_case
from fitting.cases.layout import blank_table
from fitting.cases.light import (
    build_hadronic,
    build_lengths,
    build_light,
    build_nuclear,
    spell_hadronic,
    spell_light,
    spell_nuclear,
)
from fitting.cases.moved import modern
from fitting.cases.parts import build, position, spell
from fitting.cases.sections import OPTIONS, REPORT, SAMPLING, SECTIONS, TABLE_KEYS
from fitting.problem.pivots import pivots
from fitting.problem.priors import Prior, PriorError, make, spec_of
from fitting.problem.problem import Problem
from fitting.setup.options import AssemblyError, Options
from fitting.tables.checks import TableError
from fitting.tables.files import read_table, write_table
from fitting.tables.sphere import bearing, separation
from fitting.tables.table import Table
from fitting.words import suggest, whole
from jaxcrc.scene import Model, Scene


def load(name: str | Path) -> Problem:
    """The Problem that a case describes.

    Arguments: name — a shipped case ("w28", "demo"), a case file, or a folder that holds `case.toml`.
    Errors: CaseError (a ValueError): one sentence naming file, line and key, and the remedy.
    """
    path = locate_case(name)
    raw = path.read_text(encoding="utf-8")
    try:
        return read(tomllib.loads(raw), path.parent)
    except tomllib.TOMLDecodeError as error:
        raise CaseError("", f"{path}: not valid TOML: {error}") from None
    except CaseError as error:
        raise CaseError("", f"{path}{line_of(raw, error.place)}: {error}") from None
    except TableError as error:
        raise CaseError("", str(error)) from None
    except (PriorError, AssemblyError, ValueError) as error:
        raise CaseError("", f"{path}: {error}") from None


def read(spec: Mapping[str, Any], folder: Path) -> Problem:
    """The Problem that the parsed TOML describes; table files are looked up beside the case first.

    Errors: CaseError and its kin, without the file's name.
    """
    spec = modern(spec)
    _known("", spec, SECTIONS)
    for section in ("components", "view", "tables"):
        if section not in spec:
            raise CaseError("", f"section [{section}] is missing: see `jaxcrc case --template`")
    view, centres, shapes = _view(spec["view"])
    components = {name: _component(part, f"components.{name}", centres) for name, part in spec["components"].items()}
    tables, nuisances, clouds = _tables(spec["tables"], folder, centres)
    gas = build("gas", spec.get("gas", {"density": 1.0}), "gas")
    light = build_light(spec.get("light", {}), "light")
    hadronic = build_hadronic(spec.get("hadronic", {}), "hadronic")
    extra = spec.get("options", {})
    _known("options", extra, OPTIONS)
    options = Options(
        clouds=clouds, centres=centres, cloud_shape=shapes, ties=dict(spec.get("ties", {})), **_energy(extra)
    )
    priors = {path: _prior(path, part) for path, part in spec.get("priors", {}).items()}
    scene = Scene(components, view, nuisances, gas, light, hadronic)
    if hadronic.models and "hadronic" in extra:
        raise CaseError("options.hadronic", "names one model, [hadronic.models] others: drop one of the two")
    sampling = spec.get("sampling", {})
    _known("sampling", sampling, SAMPLING)
    title, text = str(spec.get("title", "")), str(spec.get("text", "")).strip()
    return Problem(scene, tables, priors, options, title, text, sampling, _report(spec.get("report", {})))


def _report(spec: Any) -> dict[str, Any]:
    if not isinstance(spec, Mapping):
        raise CaseError("report", f"is {spec!r}; give a table such as {{energies = ['100 TeV']}}")
    _known("report", spec, REPORT)
    try:
        pivots(spec.get("energies", []))
    except ValueError as error:
        raise CaseError("report.energies", str(error)) from None
    return dict(spec)


def _known(place: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    for key in given:
        if key not in known:
            raise CaseError(f"{place}.{key}" if place else key, f"unknown key '{key}': {suggest(key, known)}")


def _energy(extra: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in extra.items():
        if isinstance(value, bool) or not isinstance(value, OPTIONS[key].types):
            raise CaseError(f"options.{key}", f"{value!r} has the wrong type")
        if isinstance(value, int | float) and not value > 0:
            raise CaseError(f"options.{key}", f"{value!r} must be positive")
    makers = {"leptonic": lambda value, place: tuple(value), "nuclear": build_nuclear, "absorption": build_lengths}
    return {k: makers[k](value, f"options.{k}") if k in makers else value for k, value in extra.items()}


def _view(spec: Mapping[str, Any]) -> tuple[Any, dict[str, tuple[float, float]], dict[str, str]]:
    """View, centres on the sky, and shapes of clouds; two centres give a cloud its offset and azimuth."""
    spec = dict(spec)
    centres, shapes, clouds = {}, {}, {}
    if "centre" in spec:
        centres["source"] = position(spec.pop("centre"), "view.centre")
    for name, part in dict(spec.pop("clouds", {})).items():
        place, part = f"view.clouds.{name}", dict(part)
        if "shape" in part:
            shapes[name] = str(part.pop("shape"))
            if shapes[name] not in ("gaussian", "ball"):
                raise CaseError(f"{place}.shape", f"unknown shape '{shapes[name]}': use 'gaussian' or 'ball'")
        if "centre" in part:
            centres[name] = position(part.pop("centre"), f"{place}.centre")
            if "offset" not in part and "source" in centres:
                part["offset"] = math.degrees(separation(centres["source"], centres[name]))
            if "azimuth" not in part and "source" in centres:
                part["azimuth"] = math.degrees(bearing(centres["source"], centres[name]))
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
    tables, nuisances, clouds = {}, {}, {}
    for name, part in spec.items():
        place, part = f"tables.{name}", dict(part)
        chosen = {key: part.pop(key) for key in TABLE_KEYS if key in part}
        if ("file" in chosen) == ("layout" in chosen):
            raise CaseError(place, "give either `file` (measured values) or `layout` (where a simulation looks)")
        if "file" in chosen:
            beside = folder / str(chosen["file"])
            tables[name] = read_table(beside if beside.is_file() else chosen["file"])
        else:
            middle = centres.get(str(chosen.get("cloud", "source")))
            tables[name] = blank_table(name, chosen["layout"], f"{place}.layout", middle)
        if "cloud" in chosen:
            clouds[name] = str(chosen["cloud"])
        nuisances[name] = build("nuisance", part, place)
    return tables, nuisances, clouds


def _prior(path: str, part: Any) -> Prior:
    if not isinstance(part, Mapping):
        raise CaseError(f"priors.{path}", f"is {part!r}; give a table such as {{dist = 'uniform', low = 0, high = 1}}")
    try:
        return make(part)
    except PriorError as error:
        raise CaseError(f"priors.{path}", str(error)) from None


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
    path = folder / CASE_FILE
    if path.exists() and not overwrite:
        raise CaseError("", f"{path} exists already; choose another folder, or say overwrite=True")
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: f"{name}.ecsv" for name in problem.tables}
    for name, table in (tables or problem.tables).items():
        write_table(table, folder / files[name], overwrite=overwrite)
    with whole(path) as part:
        part.write_text(tomli_w.dumps(spell_case(problem, files)), encoding="utf-8")
    return path
