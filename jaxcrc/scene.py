"""What is fitted: components, gas, view and nuisance parameters, and the paths that lead to each number."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import Scalar, as_parameter, param, plain_numbers, read
from jaxcrc.emission.shares import Hadronic
from jaxcrc.medium.gas import AbstractGas, SeenFrom, UniformGas
from jaxcrc.medium.light import Light
from jaxcrc.source.base import MASSES
from jaxcrc.transport.base import AbstractTransport, Medium, Source, Surroundings
from jaxcrc.units import PC_PER_KPC

Tree = TypeVar("Tree")
LOG = "log10_"
FLAT = {"least": -90.0, "most": 90.0}  # the sky is a plane around the source, and ends
TURN = {"least": -360.0, "most": 360.0}
_TINY_ARC = 1e-12


def in_space(north: Scalar, east: Scalar, depth: Scalar, distance: ArrayLike) -> Float[Array, "3"]:
    """From the scene's source to what is seen in a direction [pc]: north, east, away from us.

    d tan ρ across, ρ being the arc from the source: what is across counts in the plane of the source, at any depth.
    Arguments: north, east — of the source [deg]; depth — behind the plane of the source [pc]; distance — d [kpc].
    Validity: depths small beside d; the way across is off by depth/d of itself.
    """
    flat = jnp.deg2rad(jnp.stack([north, east]))
    arc = jnp.sqrt(jnp.maximum(jnp.sum(flat**2), _TINY_ARC))  # the root has no slope at the source itself
    across = flat * (jnp.tan(arc) / arc) * distance * PC_PER_KPC
    return jnp.append(across, depth)


class Place(eqx.Module):
    """Where a component is released, as seen from the scene's source (which `view.offset_north` and `_east` move)."""

    north: Scalar = param("deg", "how far north of the scene's source the component lies", **FLAT, default=0.0)
    east: Scalar = param("deg", "how far east of the scene's source the component lies", **FLAT, default=0.0)
    depth: Scalar = param("pc", "how far behind (or before) the plane of the scene's source it lies", default=0.0)

    def vector(self, distance: ArrayLike) -> Float[Array, "3"]:
        """From the scene's source to the component [pc]: north, east, away from us. Arguments: distance [kpc]."""
        return in_space(self.north, self.east, self.depth, distance)


class Model(eqx.Module, Generic[Source, Medium]):
    """One component: what is released, where it moves, how, and where it is."""

    source: Source
    medium: Medium = eqx.field(metadata={"optional": True})
    transport: AbstractTransport[Source, Medium]
    place: Place = eqx.field(default_factory=Place)

    def __check_init__(self) -> None:
        if not isinstance(self.source, self.transport.sources):
            known = " or ".join(dict.fromkeys(name for kind in self.transport.sources for name in _kinds(kind)))
            raise ValueError(
                f"{type(self.transport).__name__} moves what {known} releases, not {type(self.source).__name__}: give "
                "it such a source, or choose another transport"
            )

    @property
    def particle(self) -> str:
        """What the source releases: "proton" or "electron"."""
        return self.source.particle

    @property
    def mass(self) -> float:
        """Rest energy of the particle [GeV]."""
        return MASSES[self.particle]


def _kinds(source: type[Any]) -> list[str]:
    """Names of the sources of a class that can be made."""
    below: list[str] = [name for kind in source.__subclasses__() for name in _kinds(kind)]
    return below if inspect.isabstract(source) else [source.__name__, *below]


class Cloud(eqx.Module):
    """A cloud that cosmic rays light up. Its place is `offset` on the sky and `depth` along the line of sight."""

    log10_mass: Scalar = param("dex(M_sun)", "log10 of the gas mass, helium included")
    size: Scalar = param("deg", "angular size: rms per axis of a Gaussian cloud, radius of a ball", low=0.0, most=90.0)
    offset: Scalar = param("deg", "angle between the source's centre and the cloud's", low=0.0, most=180.0)
    depth: Scalar = param("pc", "distance behind (or before) the plane of the source")
    azimuth: Scalar = param("deg", "direction from the source to the cloud, from north to east", **TURN, default=0.0)

    def centre(self, distance: Scalar) -> Float[Array, "3"]:
        """From the scene's source to the cloud's centre [pc]: north, east, away from us. Arguments: distance [kpc]."""
        turn = jnp.deg2rad(self.azimuth)
        return in_space(self.offset * jnp.cos(turn), self.offset * jnp.sin(turn), self.depth, distance)


class View(eqx.Module):
    """From where one looks, and at what else."""

    distance: Scalar = param("kpc", "distance of the source", low=0.0, least=1e-6, most=1e8)
    gas_depth: Scalar = param(
        "pc", "depth of the gas that the sea lights up along the line of sight", low=0.0, default=0.0
    )
    clouds: dict[str, Cloud] = eqx.field(default_factory=dict, kw_only=True)
    offset_north: Scalar = param("deg", "how far north of its nominal position the source lies", **FLAT, default=0.0)
    offset_east: Scalar = param("deg", "how far east of its nominal position the source lies", **FLAT, default=0.0)


class Nuisance(eqx.Module):
    """What a table may be wrong by."""

    scale: Scalar = param("", "factor on the prediction", low=0.0, default=1.0)
    offset: Scalar = param("table unit", "added to the prediction", default=0.0)
    systematic: Scalar = param("", "fraction of the prediction added in quadrature to the errors", low=0.0, default=0.0)
    psf_scale: Scalar = param("", "factor on the widths of the point-spread function", low=0.01, default=1.0)


class Scene(eqx.Module):
    """Everything a prior may name; each leaf is a float array, addressed by its path."""

    components: dict[str, Model]
    view: View
    data: dict[str, Nuisance] = eqx.field(default_factory=dict)
    gas: AbstractGas = eqx.field(default_factory=lambda: UniformGas(density=as_parameter(1.0)))
    light: Light = eqx.field(default_factory=Light)
    hadronic: Hadronic = eqx.field(default_factory=Hadronic)

    def __repr__(self) -> str:
        """Components by their parts, then each path with its value and unit."""
        lines = [f"Scene of {', '.join(self.components) or 'nothing'}"]
        for name, model in self.components.items():
            parts = (model.source, model.medium, model.transport)
            lines.append(f"  {name}: {', '.join(type(part).__name__ for part in parts if part is not None)}")
        for path in paths(self):
            value, unit = get(self, path), describe(self, path)["unit"]
            shown = f"{float(value):.6g}" if value.ndim == 0 and not isinstance(value, Tracer) else str(value)
            lines.append(f"  {path} = {shown}" + f" [{unit}]" * bool(unit))
        return "\n".join(lines)

    def place(self, component: str) -> Float[Array, "3"]:
        """From the source to a component [pc]: north, east, away from us."""
        return self.components[component].place.vector(self.view.distance)

    def distance(self, component: str) -> Scalar:
        """From us to a component [pc]."""
        place = self.place(component)
        return jnp.sqrt(jnp.sum(place.at[2].add(self.view.distance * PC_PER_KPC) ** 2))

    def surroundings(self, component: str) -> Surroundings:
        """What a component meets on its way; positions count from its place."""
        return Surroundings(SeenFrom(self.gas, self.place(component)), self.light)


def _children(node: Any) -> dict[str, Any]:
    if isinstance(node, Mapping):
        return {str(key): value for key, value in node.items()}
    if isinstance(node, list | tuple):
        return {str(index): value for index, value in enumerate(node)}
    if dataclasses.is_dataclass(node):
        return {f.name: getattr(node, f.name) for f in dataclasses.fields(node) if not f.metadata.get("static", False)}
    return {}


def _is_leaf(node: Any) -> bool:
    return isinstance(node, Array | jnp.ndarray) and jnp.issubdtype(node.dtype, jnp.inexact)


def paths(scene: Any, prefix: str = "") -> Iterator[str]:
    """All paths that a prior may name, in the order of the tree."""
    for name, child in _children(scene).items():
        path = f"{prefix}.{name}" if prefix else name
        if _is_leaf(child):
            yield path
        else:
            yield from paths(child, path)


def _unknown(scene: Any, path: str) -> ValueError:
    known = list(paths(scene))
    close = difflib.get_close_matches(path, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known paths: {', '.join(known)}"
    return ValueError(f"unknown parameter path '{path}': {hint}")


def _walk(scene: Any, path: str) -> list[Any]:
    nodes = [scene]
    for name in path.split("."):
        children = _children(nodes[-1])
        if name not in children:
            raise _unknown(scene, path)
        nodes.append(children[name])
    if not _is_leaf(nodes[-1]):
        raise _unknown(scene, path)
    return nodes


def get(scene: Scene, path: str) -> Array:
    """The value at a path. Errors: ValueError with the nearest known paths."""
    return _walk(scene, path)[-1]


def describe(scene: Scene, path: str) -> Mapping[str, Any]:
    """Unit, explanation and range of validity of the parameter at a path."""
    owner, name = _walk(scene, path)[-2], path.rsplit(".", 1)[-1]
    return next(f.metadata for f in dataclasses.fields(owner) if f.name == name)


def values_at(scene: Scene, values: Mapping[str, Any], anywhere: Collection[str] = ()) -> dict[str, Array]:
    """{path: value} as the scene keeps it: the one gate for numbers from outside.

    Arguments: values — numbers or arrays in the parameters' own units, or what has a unit of its own, a string or an
    Astropy quantity; `…x` is taken for a parameter `…log10_x`, and so is its value; anywhere — paths whose values may
    lie outside the range, as a prior decides on them.
    Errors: ValueError for an unknown path, one that is given twice, another dimension, and a value outside the range of
    the model.
    """
    found = {}
    for full, path in named(scene, values).items():
        try:
            about = describe(scene, full)
            found[full] = read(values[path], about, logarithm=full != path, ranged=full not in anywhere)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    return found


def named(scene: Scene, names: Iterable[str]) -> dict[str, str]:
    """{path: the name that it is given by}: its own, or `…x` for `…log10_x`.

    Errors: ValueError for an unknown path, and for one that two names mean.
    """
    found: dict[str, str] = {}
    for name in names:
        if (other := found.setdefault(resolve(scene, name), name)) != name:
            raise ValueError(f"{other} and {name} are one parameter, given twice: drop one of the two")
    return found


def resolve(scene: Scene, path: str) -> str:
    """The path itself, or that of its logarithm. Errors: ValueError with the nearest known paths."""
    head, dot, name = path.rpartition(".")
    for known in (path, f"{head}{dot}{LOG}{name}"):
        try:
            _walk(scene, known)
        except ValueError:
            continue
        return known
    raise _unknown(scene, path)


def _replace(node: Any, names: list[str], value: Any) -> Any:
    if not names:
        return jnp.broadcast_to(jnp.asarray(value, node.dtype), node.shape)
    name, rest = names[0], names[1:]
    new = _replace(_children(node)[name], rest, value)
    if isinstance(node, Mapping):
        return {**node, name: new}
    if isinstance(node, list | tuple):
        return type(node)(new if str(index) == name else child for index, child in enumerate(node))
    return eqx.tree_at(lambda tree: getattr(tree, name), node, new, is_leaf=lambda leaf: leaf is None)


@plain_numbers
def bind(scene: Tree, values: Mapping[str, Any]) -> Tree:
    """The scene, or a part of one, with the values at the given paths: the whole bridge between names and physics.

    Arguments: values — {path: number or array}, broadcast to the leaf's shape and cast to its dtype; may be traced.
    Errors: ValueError for a path that does not end on a float array, with the nearest known paths.
    """
    for path, value in values.items():
        _walk(scene, path)
        scene = _replace(scene, path.split("."), value)
    return scene
