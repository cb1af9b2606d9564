"""Names that a case file may use for the parts of a scene, and the way between a part and a plain dictionary."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx

from fitting.cases.files import CaseError
from fitting.words import suggest
from jaxcrc._types import read
from jaxcrc.emission.shares import Hadronic, Share
from jaxcrc.medium.diffusion import PowerLawDiffusion, SuppressedDiffusion
from jaxcrc.medium.gas import Bubble, SweptShell, UniformGas
from jaxcrc.medium.light import Light, PhotonField
from jaxcrc.medium.phases import PHASES, Neutral, Phase, phase_numbers
from jaxcrc.scene import LOG, Cloud, Model, Nuisance, Place, View
from jaxcrc.source.escape import (
    CEILINGS,
    BellCeiling,
    BoundaryCeiling,
    Escaping,
    Explosion,
    PowerLawCeiling,
    RemnantBall,
    RemnantShell,
    Sedov,
    SeenExplosion,
)
from jaxcrc.source.pulsar import (
    ElectronBrokenPowerLaw,
    ElectronBurst,
    ElectronLogParabola,
    ElectronPowerLaw,
    KnownAge,
    Pulsar,
    SteadyElectrons,
    Timing,
)
from jaxcrc.source.release import Ball, Burst, Continuous, Finite, Linear, Point, PowerLawInTime, Released, Shell
from jaxcrc.source.remnant import Remnant
from jaxcrc.source.sea import LocalSea
from jaxcrc.source.spectrum import BrokenPowerLawInMomentum, LogParabolaInMomentum, PowerLaw
from jaxcrc.transport.anisotropic import Anisotropic, FieldLines
from jaxcrc.transport.ballistic import Ballistic
from jaxcrc.transport.bounded import Absorbing, Leaky
from jaxcrc.transport.cloud.fluxtube import CosmicRayCloud
from jaxcrc.transport.electrons import Carried, Cooled, ProperMotion, Wind
from jaxcrc.transport.homogeneous import Homogeneous, Trapped
from jaxcrc.transport.uniform import Uniform
from jaxcrc.units import to_float

# Field of a scene -> {name in a case file: class}; the first is what a table without `kind` means.
KINDS: dict[str, dict[str, type[eqx.Module]]] = {
    "component": {"model": Model},
    "place": {"place": Place},
    "source": {
        "released": Released,
        "local-sea": LocalSea,
        "pulsar": Pulsar,
        "electron-burst": ElectronBurst,
        "steady-electrons": SteadyElectrons,
    },
    "injection": {
        "power-law": ElectronPowerLaw,
        "broken-power-law": ElectronBrokenPowerLaw,
        "log-parabola": ElectronLogParabola,
    },
    "clock": {"age": KnownAge, "timing": Timing},
    "spectrum": {
        "power-law": PowerLaw,
        "broken-power-law": BrokenPowerLawInMomentum,
        "log-parabola": LogParabolaInMomentum,
    },
    "release": {
        "burst": Burst,
        "continuous": Continuous,
        "finite": Finite,
        "linear": Linear,
        "power-law": PowerLawInTime,
        "escape": Escaping,
    },
    "dynamics": {"sedov": Sedov, "explosion": Explosion, "seen-explosion": SeenExplosion},
    "ceiling": {"power-law": PowerLawCeiling, "bell13": BellCeiling, "boundary": BoundaryCeiling},
    "shape": {
        "point": Point,
        "ball": Ball,
        "shell": Shell,
        "remnant-shell": RemnantShell,
        "remnant-ball": RemnantBall,
    },
    "medium": {"suppressed": SuppressedDiffusion, "power-law": PowerLawDiffusion},
    "transport": {
        "homogeneous": Homogeneous,
        "trapped": Trapped,
        "anisotropic": Anisotropic,
        "field-lines": FieldLines,
        "ballistic": Ballistic,
        "absorbing": Absorbing,
        "leaky": Leaky,
        "uniform": Uniform,
        "cooled": Cooled,
        "carried": Carried,
        "cloud": CosmicRayCloud,
    },
    "phase": {"phase": Phase},
    "neutrals": {"neutral": Neutral},
    "remnant": {"remnant": Remnant},
    "drift": {"wind": Wind, "proper-motion": ProperMotion},
    "gas": {"uniform": UniformGas, "bubble": Bubble, "shell": SweptShell},
    "view": {"view": View},
    "cloud": {"cloud": Cloud},
    "nuisance": {"nuisance": Nuisance},
    "light": {"light": Light},
    "photon field": {"grey-body": PhotonField},
    "hadronic": {"hadronic": Hadronic},
    "share": {"share": Share},
}
# Field of a scene -> {a name that fills in published numbers: (kind, numbers)}; keys that are given go before them.
PRESETS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "ceiling": {name: ("power-law", numbers) for name, numbers in CEILINGS.items()},
    "phase": {name: ("phase", phase_numbers(name)) for name in PHASES},
}


def position(value: Any, place: str) -> tuple[float, float]:
    """A position [RA, Dec] in degrees. Errors: CaseError naming the key and the remedy."""
    ok = isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(v, int | float) for v in value)
    if not ok or not (0.0 <= value[0] <= 360.0 and -90.0 <= value[1] <= 90.0):
        raise CaseError(place, f"{value!r} is no position; give [RA, Dec] in degrees")
    return float(value[0]), float(value[1])


def build(role: str, spec: Any, place: str) -> Any:
    """The part of a scene that a dictionary (or a bare kind) describes.

    A parameter may be a number in its own unit or a string with a unit; `log10_x` may be given as `x` with a unit.
    Errors: CaseError naming the key and the remedy.
    """
    spec = {"kind": spec} if isinstance(spec, str) else spec
    if not isinstance(spec, Mapping):
        raise CaseError(place, f"is {spec!r}; give a table with keys")
    kind = str(spec.get("kind", next(iter(KINDS[role]))))
    if kind in PRESETS.get(role, {}):
        kind, numbers = PRESETS[role][kind]
        own = {str(key).removeprefix(LOG) for key in spec}
        spec = {**{k: v for k, v in numbers.items() if k.removeprefix(LOG) not in own}, **spec}
    if kind not in KINDS[role]:
        known = [*KINDS[role], *PRESETS.get(role, {})]
        raise CaseError(f"{place}.kind", f"unknown {role} '{kind}': {suggest(kind, known)}")
    cls = KINDS[role][kind]
    fields = {f.name: f for f in dataclasses.fields(cls)}
    given: dict[str, Any] = {}
    for key, value in spec.items():
        if key == "kind":
            continue
        name = key if key in fields else f"{LOG}{key}"
        if name not in fields:
            raise CaseError(f"{place}.{key}", f"unknown key '{key}' of {role} '{kind}': {suggest(key, list(fields))}")
        if name in given:
            both = f"{name.removeprefix(LOG)} and {name}"
            raise CaseError(f"{place}.{key}", f"{both} are one parameter, given twice: drop one of the two")
        given[name] = _value(fields[name], value, f"{place}.{key}", take_log=name != key)
    for name, f in fields.items():
        if name not in given and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            if f.metadata.get("optional", False):
                given[name] = None
                continue
            unit = f.metadata.get("unit", f.metadata.get("quantity"))
            wanted = f"one of {', '.join(KINDS.get(name, {}))}" if unit is None else f"in {unit}"
            raise CaseError(place, f"'{name}' is missing from {role} '{kind}': give it {wanted}")
    try:
        return cls(**given)
    except (TypeError, ValueError) as error:
        raise CaseError(place, str(error)) from None


def _value(f: dataclasses.Field[Any], value: Any, place: str, take_log: bool) -> Any:
    if "unit" in f.metadata:
        return _parameter(f.metadata, value, place, take_log)
    if f.metadata.get("static", False):
        return _static(f, value, place)
    if isinstance(f.default, tuple):
        if not isinstance(value, list | tuple):
            raise CaseError(place, f"is {value!r}; give a list of tables")
        return tuple(build(f.name, part, f"{place}.{index}") for index, part in enumerate(value))
    return build(f.name, value, place)


def _static(f: dataclasses.Field[Any], value: Any, place: str) -> Any:
    quantity = f.metadata.get("quantity", "GeV" if isinstance(f.default, float) else None)
    if quantity is None:
        return value
    try:
        return to_float(value, quantity)  # without a declaration, static numbers of a scene are pivot energies
    except ValueError as error:
        raise CaseError(place, str(error)) from None


def _parameter(metadata: Mapping[str, Any], value: Any, place: str, take_log: bool) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f"{value!r} is no number")
        unit = metadata["unit"].removeprefix("dex").strip("()")
        if take_log and unit and not isinstance(value, str):
            name = f"{LOG}{place.rsplit('.', 1)[-1]}"
            raise ValueError(f"{value!r} says no unit: write '{value:g} {unit}', or its logarithm as {name}")
        return float(read(value, metadata, take_log))
    except ValueError as error:
        raise CaseError(place, str(error)) from None


def spell(role: str, part: Any) -> dict[str, Any]:
    """The dictionary that `build` turns into the same part."""
    names = {cls: name for name, cls in KINDS[role].items()}
    spec: dict[str, Any] = {"kind": names[type(part)]} if len(names) > 1 else {}
    for f in dataclasses.fields(part):
        value = getattr(part, f.name)
        if value is None or isinstance(value, Mapping):
            continue
        if "unit" in f.metadata:
            spec[f.name] = float(value)
        elif f.metadata.get("static", False):
            spec[f.name] = value
        elif isinstance(value, tuple):
            spec[f.name] = [spell(f.name, item) for item in value]
        else:
            spec[f.name] = spell(f.name, value)
    return spec
