"""Accuracy of half-lives over the whole range, run by hand: `python benchmarks/cloud_accuracy.py`; a few minutes.

All phases, 3–80 pc, 10 GeV–10 TeV, with advection and without: the default resolution against four times the cells and
steps (a quarter of the first step's growth), against twice the sweeps with a first step ten times smaller, and in
single precision. Then 10 000 random clouds, Π from 1e-3 to 1e6: values and gradients finite, and what the status says.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from jaxcrc.medium.phases import PHASES
from jaxcrc.transport.cloud.halflife import scaled_half_life
from jaxcrc.transport.cloud.population import make_cloud
from jaxcrc.transport.cloud.tube import Numbers, Resolution

jax.config.update("jax_enable_x64", True)

FINE = Resolution(cells=432, steps=1000, growth=1.6**0.25)
CAREFUL = Resolution(sweeps=4, first_step=1e-9)
RANGES = ((-3.0, 6.0), (-5.0, 1.0), (-4.0, 6.0), (-4.0, 7.0))  # decades of Π, v, γ, ν
SIDE = 8  # radii and energies


def sample() -> tuple[Numbers, list[str]]:
    """Scaled numbers of the clouds, and what each is."""
    parts, names = [], []
    for name in PHASES:
        for advection in (True, False):
            axes = np.geomspace(3.0, 80.0, SIDE), np.geomspace(10.0, 1e4, SIDE)
            radius, energy = (x.ravel() for x in np.meshgrid(*axes))
            cloud = make_cloud(name, advection=advection, injection_scale=100.0 if name == "hism" else 50.0)
            parts.append(cloud.numbers(jnp.asarray(radius), jnp.asarray(energy))[0])
            words = "with" if advection else "without"
            names += [f"{name} {r:.3g} pc {e:.3g} GeV {words}" for r, e in zip(radius, energy, strict=True)]
    return jax.tree.map(lambda *x: jnp.concatenate(x), *parts), names


def resolution() -> None:
    n, names = sample()
    solve = jax.jit(scaled_half_life, static_argnums=1)
    default = np.asarray(solve(n, Resolution()).time)
    for label, against in (("4 × cells and steps", FINE), ("2 × sweeps, first step / 10", CAREFUL)):
        off = np.abs(default / np.asarray(solve(n, against).time) - 1.0)
        worst = int(np.argmax(off))
        print(
            f"{len(names)} clouds against {label}: median {np.median(off):.1e}, worst {off[worst]:.2e} ({names[worst]})"
        )
    single = np.asarray(solve(jax.tree.map(lambda x: x.astype(jnp.float32), n), Resolution()).time)
    off = np.abs(single / default - 1.0)
    print(f"float32 against float64: median {np.median(off):.1e}, worst {off.max():.1e} ({names[int(np.argmax(off))]})")


def random(size: int = 10_000, rounds: int = 20) -> None:
    rng = np.random.default_rng(0)
    n = Numbers(*(jnp.asarray(10.0 ** rng.uniform(*r, size)).reshape(rounds, -1) for r in RANGES))

    @jax.jit
    def one(n: Numbers) -> tuple:
        return scaled_half_life(n), jax.grad(lambda n: jnp.sum(scaled_half_life(n).time))(n)

    found = [one(jax.tree.map(lambda x, k=k: x[k], n)) for k in range(rounds)]
    result, slope = jax.tree.map(lambda *x: np.concatenate(x), *found)
    finite = [np.isfinite(x) for x in (result.time, *jax.tree.leaves(slope))]
    elasticity = np.abs(slope.coupling * np.asarray(n.coupling).ravel() / result.time)
    print(
        f"{size} random clouds, Π = 1e-3 to 1e6: {int(size - np.all(finite, axis=0).sum())} with a value or a gradient "
        f"that is not finite; half-life reached (status OK) in {100.0 * result.reached.mean():.2f} %, FAILED in "
        f"{int((result.reached < 0.5).sum())}; largest |dln t/dln Π| {elasticity.max():.2f}"
    )


if __name__ == "__main__":
    resolution()
    random()
