"""The two verbs: `solve` says what is there, `predict` what each table would read."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Float

from jaxcrc._types import Bits
from jaxcrc.responses.base import AbstractResponse, Nodes, Where
from jaxcrc.scene import Nuisance, Scene, get
from jaxcrc.transport.base import AbstractField, EnergyGrid, Status, flag

Tree = TypeVar("Tree")


class Setup(eqx.Module):
    """What is chosen: an energy grid per component and, per table, the responses whose sum it reads.

    log_width — ln(e_max/e_min) of the bands of tables that hold spectral indices: their responses give light per energy
    at all lower ends and then at all upper ends. ranges — {path: lowest and highest} of the parameters that the
    responses were made for: beyond it a prediction carries `Status.OUTSIDE`.
    """

    energy: dict[str, EnergyGrid]
    response: dict[str, tuple[AbstractResponse, ...]]
    log_width: dict[str, Float[Array, " band"]] = eqx.field(default_factory=dict)
    ranges: dict[str, Float[Array, "2"]] = eqx.field(default_factory=dict)


class Prediction(eqx.Module):
    """What each table would read, in its own unit, and the status bits of all components."""

    tables: dict[str, Float[Array, "photon bin"]]
    status: Bits


def solve(scene: Scene, setup: Setup) -> dict[str, AbstractField]:
    """Fields of all components, each solved once on its energy grid."""
    return {
        name: model.transport.solve(model.source, model.medium, setup.energy[name], scene.surroundings(name))
        for name, model in scene.components.items()
    }


def predict(scene: Scene, setup: Setup) -> Prediction:
    """The tables that the scene would give: table = Σ responses Σ_basis weight · projection @ light.

    Arguments: scene — what is there; setup — the constant operators, built for the same components and tables.
    Errors: ValueError for a table without a response.
    """
    fields = solve(scene, setup)
    status = reduce(jnp.bitwise_or, (field.status for field in fields.values()), outside(scene, setup))
    known: dict[Where, Nodes] = {}
    tables = {}
    for name, responses in setup.response.items():
        if not responses:
            raise ValueError(f"table {name!r} has no response: nothing in the scene shines in it")
        nuisance = scene.data.get(name) or Nuisance()
        for response in responses:
            if response.place not in known:
                known[response.place] = response.ask(scene, fields)
            status |= response.status(scene, fields)
        light = (response.predict(scene, known[response.place], nuisance) for response in responses)
        tables[name] = reduce(operator.add, light)
        if name in setup.log_width:
            tables[name] = mean_slope(tables[name], setup.log_width[name])
    return Prediction(tables, status)


def outside(scene: Scene, setup: Setup) -> Bits:
    """`Status.OUTSIDE` where a parameter lies beyond what the responses were made for, else 0."""
    bits = jnp.zeros((), int)
    for path, (low, high) in setup.ranges.items():
        value = get(scene, path)
        slack = 8.0 * jnp.finfo(value.dtype).eps * jnp.maximum(jnp.abs(low), jnp.abs(high))
        bits |= flag((value < low - slack) | (value > high + slack), Status.OUTSIDE)
    return bits


def mean_slope(light: Float[Array, "end bin"], log_width: Float[Array, " band"]) -> Float[Array, "band bin"]:
    """Photon index between the ends of bands: −ln[S(e_max)/S(e_min)]/ln(e_max/e_min).

    Arguments: light — S at the lower ends of all bands, then at the upper ones; log_width — ln(e_max/e_min).
    Validity: where there is light; darkness counts as a very small number, whose index is 0.
    """
    low, high = jnp.split(jnp.log(jnp.maximum(light, jnp.finfo(light.dtype).tiny ** 0.75)), 2)
    return (low - high) / log_width[:, None]


def cast(tree: Tree, dtype: DTypeLike) -> Tree:
    """The same tree with every float array in `dtype`: cast the scene and the setup together."""

    def convert(leaf: object) -> object:
        if isinstance(leaf, Array | np.ndarray | np.generic) and eqx.is_inexact_array(leaf):
            return leaf.astype(dtype)
        return leaf

    return jax.tree.map(convert, tree)
