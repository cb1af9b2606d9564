"""How protons shine: a factor on their light, and the shares of several hadronic models."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Scalar, param


class Share(eqx.Module):
    """How much one of several hadronic models counts, against the others."""

    weight: Scalar = param("", "weight of the hadronic model; the weights' sum counts as one", low=0.0, default=1.0)


class Hadronic(eqx.Module):
    """The light of protons: a factor on all of it, and, for a mixture, {full name of a hadronic model: its share}.

    Without models it is the single one that the setup was made with.
    """

    scale: Scalar = param("", "factor on the emission of protons", low=0.0, default=1.0)
    models: dict[str, Share] = eqx.field(default_factory=dict, kw_only=True)

    def shares(self) -> Float[Array, " model"]:
        """Weights of the models, in the order of their names, with the sum one."""
        weight = jnp.stack([self.models[name].weight for name in sorted(self.models)])
        return weight / jnp.sum(weight)
