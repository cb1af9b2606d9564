"""The [light] and [hadronic] of a case: radiation, magnetic field, hadronic models, from a dictionary and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fitting.cases.files import CaseError
from fitting.cases.parts import build, spell
from fitting.cases.typed import table
from fitting.words import suggest
from jaxcrc.emission.composition import Composition
from jaxcrc.emission.hadronic import AAFRAG, MODELS
from jaxcrc.emission.shares import Hadronic
from jaxcrc.interactions.photon_fields import FIELDS
from jaxcrc.medium.light import Light

COMPOSITION = ("cosmic_rays", "gas")


def build_light(spec: Any, place: str) -> Light:
    """The Light that a dictionary describes; the CMB is there unless the fields are given without it.

    Each entry of `photons` is a temperature and an energy density; `reference`, or else the entry's own name, may name
    a known field, of which `energy_density` then changes the level. Errors: CaseError naming the key and the remedy.
    """
    spec = dict(table(spec, place))
    parts: dict[str, Any] = {}
    if "photons" in spec:
        fields = table(spec.pop("photons"), f"{place}.photons")
        parts["photons"] = {name: _photons(name, part, f"{place}.photons.{name}") for name, part in fields.items()}
    return Light(magnetic_field=build("light", spec, place).magnetic_field, **parts)


def build_hadronic(spec: Any, place: str) -> Hadronic:
    """How protons shine: `scale`, and under `models` each hadronic model by its full name, with its weight.

    Errors: CaseError naming the key and the remedy.
    """
    spec = dict(table(spec, place))
    models = table(spec.pop("models", {}), f"{place}.models")
    for name in models:
        if name not in (known := (*MODELS, AAFRAG)):
            raise CaseError(f"{place}.models.{name}", f"unknown hadronic model '{name}': {suggest(name, known)}")
    shares = {name: build("share", part, f"{place}.models.{name}") for name, part in models.items()}
    return Hadronic(scale=build("hadronic", spec, place).scale, models=shares)


def _photons(name: str, part: Any, place: str) -> Any:
    spec = dict(table(part, place))
    reference = spec.pop("reference", name if "temperature" not in spec else None)
    if reference is not None:
        if not isinstance(reference, str) or reference not in FIELDS:
            what = f"unknown photon field '{reference}': {suggest(str(reference), FIELDS)}"
            raise CaseError(place, f"{what}; or give temperature and energy_density")
        if "temperature" in spec:
            raise CaseError(f"{place}.temperature", f"is fixed by the reference '{reference}': drop one of the two")
        known = FIELDS[reference]
        spec = {"energy_density": known.energy_density, **spec, "temperature": known.temperature}
    return build("photon field", spec, place)


def build_nuclear(value: Any, place: str) -> Any:
    """What stands for nuclei: a name, a number, or a composition {cosmic_rays = {He = 0.07}, gas = {He = 0.1}}.

    Errors: CaseError naming the key and the remedy.
    """
    if not isinstance(value, Mapping):
        return value
    for key in value:
        if key not in COMPOSITION:
            raise CaseError(f"{place}.{key}", f"unknown key '{key}' of a composition: {suggest(key, COMPOSITION)}")
    try:
        return Composition.of(*(table(value.get(key, {}), f"{place}.{key}") for key in COMPOSITION))
    except ValueError as error:
        raise error if isinstance(error, CaseError) else CaseError(place, str(error)) from None


def spell_nuclear(nuclear: Any) -> Any:
    """What `build_nuclear` turns into the same."""
    if isinstance(nuclear, Composition):
        return {key: dict(getattr(nuclear, key)) for key in COMPOSITION}
    return nuclear


def spell_light(light: Light) -> dict[str, Any]:
    """The dictionary that `build_light` turns into the same light."""
    spec = spell("light", light)
    spec["photons"] = {name: spell("photon field", field) for name, field in light.photons.items()}
    return spec


def spell_hadronic(hadronic: Hadronic) -> dict[str, Any]:
    """The dictionary that `build_hadronic` turns into the same."""
    spec = spell("hadronic", hadronic)
    if hadronic.models:
        spec["models"] = {name: spell("share", share) for name, share in hadronic.models.items()}
    return spec
