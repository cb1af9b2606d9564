"""What the steps of a descent tell of the curvature: optax's L-BFGS.

Its matrix is wanted, not only its step down the slope: a step that the end of one prior stops goes on in the other
parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jaxtyping import Float

MEMORY = 20  # steps that are remembered
LEAST = 0.2  # of the change expected in the slope along a step, what is learnt at least (Powell 1978)

_LBFGS = optax.scale_by_lbfgs(MEMORY + 1, scale_init_precond=False)  # one place for what `_learn` asks
_start = jax.jit(_LBFGS.init)


@jax.jit
def _learn(
    z: Float[Array, " parameter"], slope: Float[Array, " parameter"], state: Any
) -> tuple[Float[Array, "parameter parameter"], Any]:
    """Inverse curvature after one more place and the slope there: what L-BFGS makes of unit vectors."""
    _, state = _LBFGS.update(slope, state, z)
    # A question at the same place teaches nothing, but takes the place of the oldest step.
    product = jax.vmap(lambda unit: _LBFGS.update(unit, state._replace(updates=unit), z)[0])
    return product(jnp.eye(z.size)), state


@dataclass(frozen=True)
class Memory:
    """The last place of a descent, and the curvature [parameter, parameter] there.

    It is LLᵀ where the descent begins; L-BFGS works on z = Lᵀx, where that is the unit matrix.
    """

    curvature: np.ndarray
    root: np.ndarray
    state: Any

    @staticmethod
    def begin(curvature: np.ndarray, x: np.ndarray, slope: np.ndarray) -> Memory:
        """A descent from x [parameter], where the curvature is known (positive) and −ln p has some slope."""
        root = np.linalg.cholesky(curvature)
        z = root.T @ x
        _, state = _learn(z, np.linalg.solve(root, slope), _start(z))
        return Memory(curvature, root, state)

    def after(self, x: np.ndarray, slope: np.ndarray) -> Memory:
        """One step further; a slope that changed too little along it is taken to have changed more, so that the
        curvature stays positive."""
        z, new = self.root.T @ x, np.linalg.solve(self.root, slope)
        step, change = z - np.asarray(self.state.params), new - np.asarray(self.state.updates)
        expected = np.linalg.solve(self.root, self.curvature @ np.linalg.solve(self.root.T, step))
        told, least = step @ change, LEAST * (step @ expected)
        if told < least:
            share = (step @ expected - least) / (step @ expected - told)
            change = share * change + (1.0 - share) * expected
        inverse, state = _learn(z, new, self.state._replace(updates=jnp.asarray(new - change)))
        return Memory(self.root @ np.linalg.inv(inverse) @ self.root.T, self.root, state)
