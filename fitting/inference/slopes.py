"""−ln p and its gradient at any number of points, by one compiled program that all local devices share."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jax import Array
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Float

SIDE_BY_SIDE = 6  # points that a GPU takes at once

Slopes = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@runtime_checkable
class Density(Protocol):
    """What is searched and sampled: a pytree with the density of its parameters over the unbounded space."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Names of the parameters."""

    def prior(self, path: str) -> dist.Distribution:
        """What a parameter is drawn from before the data."""

    def potential(self, vector: Float[Array, " parameter"], jacobian: float | Array = 1.0) -> Array:
        """−ln p; with `jacobian` 1 per unit of the unbounded space, with 0 per unit of the parameters."""


def _one(
    posterior: Density, vector: Float[Array, " parameter"], jacobian: Array
) -> tuple[Array, Float[Array, " parameter"]]:
    return jax.value_and_grad(lambda v: posterior.potential(v, jacobian))(vector)


@lru_cache(maxsize=16)
def _program(structure: Any) -> tuple[Callable[..., Any], int, NamedSharding | None]:
    """The compiled function of (leaves of a posterior, vectors, jacobian), how many vectors it takes, and where the
    leaves lie.

    One point for each device of a CPU, several side by side on a GPU. It is the large program to compile, so that
    search, mode, curvature and comparisons of coordinates all call this one. Leaves, because taking a posterior apart
    at each call would cost more than a small gradient.
    """
    devices = jax.local_devices()

    def single(leaves: list[Array], vectors: Array, jacobian: Array) -> tuple[Array, Array]:
        value, slope = _one(jax.tree.unflatten(structure, leaves), vectors[0], jacobian)
        return value[None], slope[None]

    def several(leaves: list[Array], vectors: Array, jacobian: Array) -> tuple[Array, Array]:
        return jax.vmap(_one, in_axes=(None, 0, None))(jax.tree.unflatten(structure, leaves), vectors, jacobian)

    local, each = (single, 1) if devices[0].platform == "cpu" else (several, SIDE_BY_SIDE)
    if len(devices) == 1:
        return jax.jit(local), each, None
    mesh, shared, spread = Mesh(np.array(devices), ("point",)), PartitionSpec(), PartitionSpec("point")
    mapped = jax.shard_map(local, mesh=mesh, in_specs=(shared, spread, shared), out_specs=spread, check_vma=False)
    return jax.jit(mapped), each * len(devices), NamedSharding(mesh, shared)


def slopes_of(posterior: Density, jacobian: float) -> Slopes:
    """The function from points [point, parameter] to −ln p [point] and its gradient [point, parameter].

    Arguments: jacobian — 1 for the density per unit of the unbounded space, 0 per unit of the parameters themselves.
    """
    leaves, structure = jax.tree.flatten(posterior)
    program, rows, everywhere = _program(structure)
    shared = [jnp.asarray(leaf) for leaf in leaves], jnp.asarray(jacobian, float)
    leaves, volume = shared if everywhere is None else jax.device_put(shared, everywhere)

    def slopes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        filled = np.concatenate([points, np.repeat(points[:1], -len(points) % rows, axis=0)])
        pairs = [program(leaves, filled[i : i + rows], volume) for i in range(0, len(filled), rows)]
        values, gradients = (np.concatenate([np.asarray(pair[k]) for pair in pairs])[: len(points)] for k in (0, 1))
        return values, gradients

    return slopes


def potential_slopes(posterior: Density, points: np.ndarray, jacobian: float) -> tuple[np.ndarray, np.ndarray]:
    """−ln p [point] and its gradient [point, parameter] at some points of the unbounded space."""
    return slopes_of(posterior, jacobian)(np.asarray(points, float))
