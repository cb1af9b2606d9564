"""How one component shines in one table: constant matrices, and the weights with which the scene mixes them."""

from __future__ import annotations

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Node
from jaxcrc.numerics.quadrature import chebyshev_weights
from jaxcrc.scene import Scene


class AbstractMixture(eqx.Module):
    """Weights of the matrices of a channel, as the scene gives them."""

    @abstractmethod
    def __call__(self, scene: Scene) -> Float[Array, " mix"] | None:
        """The weights [mix]; None where the only one is 1."""


class Alone(AbstractMixture):
    """One matrix that nothing changes."""

    def __call__(self, scene: Scene) -> None:
        """None: the weight is 1."""
        return None


class Models(AbstractMixture):
    """One matrix for each hadronic model of the scene, in the order of their names; one in all where it names none."""

    def __call__(self, scene: Scene) -> Float[Array, " mix"]:
        """The factor on the emission of protons, times the models' shares."""
        hadronic = scene.hadronic
        return hadronic.scale * hadronic.shares() if hadronic.models else jnp.atleast_1d(hadronic.scale)


class Fields(AbstractMixture):
    """One matrix for each photon field, made for 1 eV cm⁻³."""

    names: tuple[str, ...] = eqx.field(static=True)

    def __call__(self, scene: Scene) -> Float[Array, " mix"]:
        """Energy densities [eV cm⁻³]."""
        return jnp.stack([scene.light.photons[name].energy_density for name in self.names])


class Strength(AbstractMixture):
    """One matrix for each Chebyshev node of the logarithm of the magnetic field, between two strengths [µG]."""

    low: float = eqx.field(static=True)
    high: float = eqx.field(static=True)
    size: int = eqx.field(static=True)

    def __call__(self, scene: Scene) -> Float[Array, " mix"]:
        """Weights that interpolate to the field's strength."""
        return chebyshev_weights(
            jnp.log(scene.light.magnetic_field), math.log(self.low), math.log(self.high), self.size
        )


class Channel(eqx.Module):
    """How one component shines in one table.

    emission — turns n [GeV⁻¹ cm⁻³] at a node into light, the table's unit and all constants folded in, one matrix for
    each weight of `mixture`; on_gas — whether the ambient gas density at the node multiplies it (a cloud carries its
    own mass instead).
    """

    component: str = eqx.field(static=True)
    emission: Float[Array, "mix photon energy"]
    on_gas: bool = eqx.field(static=True)
    mixture: AbstractMixture = Alone()

    def seen(
        self, density: Float[Array, " energy #node"], gas: Node, matrix: Float[Array, "row bin node"], scene: Scene
    ) -> Float[Array, "photon bin"]:
        """Light of all nodes that reaches the bins: Σ_node matrix · Σ_mix weight · emission @ density.

        A density that is the same at all nodes may have a single column.
        """
        density = density * gas if self.on_gas else density
        weight = self.mixture(scene)
        if self.emission.shape[0] == 1:
            seen = gather(self.emission[0], density, matrix)
            return seen if weight is None else weight * seen
        if weight is None:
            count, kind = self.emission.shape[0], type(self.mixture).__name__
            raise ValueError(f"{count} matrices of light are to be mixed, but {kind} gives no weights")
        return gather(jnp.tensordot(weight, self.emission, axes=1), density, matrix)


def gather(
    emission: Float[Array, "photon energy"],
    density: Float[Array, " energy #node"],
    matrix: Float[Array, "row bin node"],
) -> Float[Array, "photon bin"]:
    """Σ_node matrix · emission @ density.

    Sums over nodes first where a table has fewer bins than rows of light, over energies first otherwise.
    """
    photons, energies = emission.shape
    rows, bins, nodes = matrix.shape
    if rows * bins * (nodes + photons) * energies < photons * (energies + bins) * nodes:
        gathered = jnp.sum(matrix[:, :, None, :] * density, axis=-1)  # [row, bin, energy]
        return jnp.sum(gathered.swapaxes(0, 1) * emission, axis=-1).T if rows > 1 else emission @ gathered[0].T
    return jnp.sum(matrix * (emission @ density)[:, None, :], axis=-1)
