"""Over which range of each parameter the constant operators hold: worked out here, for all of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike
from jaxtyping import Float

from fitting.setup.centres import told
from fitting.setup.options import Options
from fitting.tables.kinds import Compared
from fitting.tables.regions import Total
from fitting.tables.sphere import separation
from fitting.tables.table import Table
from jaxcrc.medium.gas import UniformGas
from jaxcrc.observe.globe import FARTHEST
from jaxcrc.scene import Scene, bind, get, paths
from jaxcrc.transport.base import Symmetry

AXES = ("north", "east", "depth")
AT_SOURCE = (0.0, 0.0, 0.0)
LEAST_FED, FED = 0.3, 30.0  # [GeV], and in energies of the highest photon: momenta of the protons that shine
Span = tuple[float, float]
FLAT = math.radians(3.0)  # from what shines: so far angles and their tangents differ by less than 1e-3


def span(scene: Scene, path: str, options: Options) -> Span:
    """Between which values a parameter may move: what is asked for in `options.spans`, and its own value."""
    own = float(get(scene, path))
    low, high = options.spans.get(path, (own, own))
    return min(low, own), max(high, own)


def ranges(scene: Scene, tables: Mapping[str, Table], options: Options) -> dict[str, Span]:
    """{path: (lowest, highest)} of all that the operators of the tables depend on."""
    return {path: span(scene, path, options) for path in bending(scene, tables, options)}


def sky_ranges(scene: Scene) -> dict[str, Span]:
    """{path: (lowest, highest)} of angles [deg] from the source: as far as rays are followed."""
    far = math.degrees(FARTHEST)
    clouds = {f"view.clouds.{name}.offset": (0.0, far) for name in scene.view.clouds}
    return clouds | {f"components.{name}.place.{axis}": (-far, far) for name in scene.components for axis in AXES[:2]}


def check_held(held: Mapping[str, ArrayLike], values: Mapping[str, Array]) -> None:
    """Errors: ValueError for a value [any shape] outside the range that operators were made for."""
    for path in held.keys() & values.keys():
        (low, high), value = np.asarray(held[path]), values[path]
        if isinstance(value, Tracer):
            continue  # a prediction says it by its status
        slack = 1e-9 * max(abs(low), abs(high))
        beyond = np.asarray(value)[(np.asarray(value) < low - slack) | (np.asarray(value) > high + slack)]
        if beyond.size:
            made = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            raise ValueError(
                f"{path} = {beyond.ravel()[0]:g}: matrices were made for {made}; give it a prior that reaches there, "
                "or move the whole problem: problem.at({path: value})"
            )


def bending(scene: Scene, tables: Mapping[str, Table], options: Options) -> tuple[str, ...]:
    """Paths of the parameters that constant operators depend on: all others act when a prediction is made."""
    sky = {name: table for name, table in tables.items() if name not in options.clouds}
    found = [f"data.{name}.psf_scale" for name, table in tables.items() if table.psf]
    found += _light(scene, options)
    if sky:
        found += _on_the_sky(scene, sky, options)
    if len(sky) < len(tables):
        found += _of_clouds(scene, options)
    found += [f"components.{name}.place.{axis}" for name in seas(scene) for axis in AXES]
    found += [path for path, _ in told(scene, options).items() if path.split(".")[2] in options.clouds.values()]
    found += cutoff_paths(scene)
    return tuple(dict.fromkeys(found))


def cutoff_paths(scene: Scene) -> list[str]:
    """Paths of the cut-offs, which energy grids go beyond."""
    return [path for path in paths(scene) if path.startswith("components.") and path.endswith(".log10_cutoff")]


def _light(scene: Scene, options: Options) -> Iterator[str]:
    electrons = any(model.particle == "electron" for model in scene.components.values())
    if electrons and "synchrotron" in options.leptonic:
        yield "light.magnetic_field"
    yield from (f"light.photons.{name}.energy_density" for name in options.absorption if name in scene.light.photons)


def _on_the_sky(scene: Scene, tables: Mapping[str, Table], options: Options) -> Iterator[str]:
    """Of tables that do not look at a cloud."""
    lit = any(table.quantity.compared is not Compared.DENSITY for table in tables.values())
    if lit and span(scene, "view.gas_depth", options)[1] == 0.0 and seas(scene):
        yield "view.gas_depth"
    moving = [
        name
        for name in scene.components
        if name not in seas(scene) and not all(is_cut(scene, name, table, options) for table in tables.values())
    ]
    if moving:
        yield from (f"view.offset_{axis}" for axis in AXES[:2])
        if scene.gas.fronts():
            yield "gas.edge"
    for name in moving:
        yield from (f"components.{name}.place.{axis}" for axis in AXES[:2])
        if not isinstance(scene.gas, UniformGas):
            yield f"components.{name}.place.depth"
        if _is(scene, name, Symmetry.ROUND):
            yield from edge_paths(scene, name, fed(tables.values()))


def is_cut(scene: Scene, component: str, table: Table, options: Options) -> bool:
    """Whether a table sees a component by lines across its axis, which follow all that moves: near the source, where
    the sky is flat, and without a PSF or through Gaussian ones.
    """
    sharp = all(entry is None or entry[0] == "gaussian" for entry in table.psf or ())
    if not (sharp and isinstance(scene.gas, UniformGas) and _is(scene, component, Symmetry.AXIS)):
        return False
    if isinstance(table.region, Total):
        return False
    centre, source = table.region.centre, options.centres.get("source")
    away = 0.0 if centre is None or source is None else separation(source, centre)
    return away + table.region.extent((0.0, 0.0))[1] < FLAT


def _of_clouds(scene: Scene, options: Options) -> Iterator[str]:
    """Of tables that look at one: nodes are chosen by whether what is not round ever shines on it from inside."""
    for name in scene.components:
        if _is(scene, name, Symmetry.NONE):
            yield "view.distance"
            yield from (f"components.{name}.place.{axis}" for axis in AXES)
            for cloud in options.clouds.values():
                yield from (f"view.clouds.{cloud}.{key}" for key in ("offset", "azimuth", "depth", "size"))


def seas(scene: Scene) -> list[str]:
    """Components that are the same everywhere."""
    return [name for name in scene.components if _is(scene, name, Symmetry.UNIFORM)]


def _is(scene: Scene, component: str, *kinds: Symmetry) -> bool:
    model = scene.components[component]
    return model.transport.symmetry(model.source) in kinds


def fed(tables: Iterable[Table]) -> np.ndarray:
    """Momenta pc [GeV] of the protons that feed tables, from the lowest to the highest photons."""
    lows, highs = zip(*(table.reach for table in tables), strict=True)
    lowest = max(LEAST_FED, min(float(low.min()) for low in lows))
    highest = max(float(np.where(np.isfinite(high), high, 0.0).max()) for high in highs)
    return np.geomspace(lowest, FED * max(highest, lowest), 33)


class EdgeSpan(NamedTuple):
    """Between which r/d something jumps or bends; its least and largest width as shares of that, below 0: not known."""

    low: float
    high: float
    width: float
    widest: float


def edges(scene: Scene, component: str, momentum: np.ndarray) -> Float[Array, "edge 3"]:
    """Where a component's field, or the gas, jumps or bends sharply: least and largest r/d around the component, and
    the least width as a share of it, -1 where it is not known.
    """
    model = scene.components[component]
    fronts = (*model.transport.fronts(model.source, jnp.asarray(momentum)), *scene.gas.fronts())
    found = [[jnp.min(at.radius), jnp.max(at.radius), -1.0 if at.width is None else at.width] for at in fronts]
    scale = jnp.stack([scene.distance(component)] * 2 + [jnp.ones(())])
    table = [jnp.stack([jnp.asarray(value) for value in row]) for row in found]
    return jnp.stack(table) / scale if found else jnp.zeros((0, 3))


def edge_paths(scene: Scene, component: str, momentum: np.ndarray) -> tuple[str, ...]:
    """Paths of the parameters on which its edges depend."""
    if not edges(scene, component, momentum).size:
        return ()
    starts = f"components.{component}.", "gas.", "view.distance"
    own = [path for path in paths(scene) if path.startswith(starts)]
    told = jax.jacrev(lambda values: edges(bind(scene, values), component, momentum))
    slopes = told({path: get(scene, path) for path in own})
    return tuple(path for path in own if jnp.any(slopes[path] != 0.0))


def edge_spans(scene: Scene, component: str, options: Options, momentum: np.ndarray) -> list[EdgeSpan]:
    """Where each edge may lie: it moves one way with each of its parameters."""
    ends = {path: span(scene, path, options) for path in edge_paths(scene, component, momentum)}
    corners = itertools.product(*({low, high} for low, high in ends.values()))
    told = [edges(bind(scene, dict(zip(ends, corner, strict=True))), component, momentum) for corner in corners]
    lowest, highest = np.min(told, axis=0), np.max(told, axis=0)
    return [
        EdgeSpan(*map(float, (low[0], high[1], low[2], high[2]))) for low, high in zip(lowest, highest, strict=True)
    ]


def between(low: float, high: float, ratio: float) -> list[float]:
    """Numbers from `low` to `high`, no further apart than a ratio."""
    count = math.ceil(math.log(high / low) / math.log(ratio)) if high > low else 0
    return [low * (high / low) ** (i / count) for i in range(count + 1)] if count else [low]
