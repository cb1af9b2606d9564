"""Spectra of many particle distributions against naima, in one run: building the matrices and using them apart.

Run by hand on one core: `taskset -c 0 python benchmarks/emission.py`. A spectrum is 50 photon energies; ours are 1000
cut-off power laws of different index, cut-off and (inverse Compton) field densities, in one compiled call on 20
energies a decade, the particles' densities included. naima makes a few of the same, one after the other, at its default
resolution; its look-up table is off (on, it holds no other model than its default). Times are minima over repetitions;
the last column is the ratio in this run.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import astropy.units as u
import jax
import jax.numpy as jnp
import naima
import numpy as np
from naima.radiative import PionDecayKelner06

import jaxcrc

jax.config.update("jax_enable_x64", True)
SPECTRA, THEIRS = 1000, 5
PHOTON = np.geomspace(1.0, 1e5, 50)
PROTON, ELECTRON = np.geomspace(0.28, 1e7, 152), np.geomspace(0.1, 1e6, 141)
FIELDS = ["cmb", "naima-far-infrared", "naima-near-infrared"]


def best_of(call: Callable[[], Any], repeats: int) -> float:
    """Least time of a call [s]."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - begun)
    return min(times)


def ours(matrices: jax.Array, energy: np.ndarray) -> Callable[[], jax.Array]:
    """1000 spectra from matrices [mix, photon, energy], each with weights of its own."""
    rng = np.random.default_rng(1)
    index, cut = rng.uniform(1.8, 2.8, SPECTRA), 10.0 ** rng.uniform(3.0, 6.0, SPECTRA)
    weight = rng.uniform(0.5, 1.5, (SPECTRA, matrices.shape[0]))
    log, grid = jnp.log(energy), jnp.asarray(energy)

    @jax.jit
    def spectra(index: jax.Array, cut: jax.Array, weight: jax.Array) -> jax.Array:
        density = jnp.exp(-index[:, None] * log - grid / cut[:, None])
        return jnp.einsum("sm,mps->sp", weight, matrices @ density.T)

    arguments = tuple(jnp.asarray(x) for x in (index, cut, weight))
    jax.block_until_ready(spectra(*arguments))
    return lambda: spectra(*arguments)


def theirs(radiation: Callable[[Any], Any]) -> Callable[[], Any]:
    """A few spectra of naima, each of another particle distribution so that nothing is remembered."""
    counter = iter(np.linspace(1.8, 2.8, 10_000))
    photon = PHOTON * u.GeV

    def spectra() -> None:
        for _ in range(THEIRS):
            law = naima.models.ExponentialCutoffPowerLaw(1 / u.GeV, 1 * u.GeV, next(counter), 1e5 * u.GeV)
            radiation(law)._spectrum(photon)

    return spectra


def measure(name: str, build: Callable[[], jax.Array], energy: np.ndarray, radiation: Callable[[Any], Any]) -> None:
    """One row of the table."""
    begun = time.perf_counter()
    matrices = jax.block_until_ready(build())
    first = time.perf_counter() - begun
    again = best_of(build, 3)
    mine = best_of(ours(matrices, energy), 20) / SPECTRA
    other = best_of(theirs(radiation), 3) / THEIRS
    print(f"{name:28s} {first:9.2f} {again:9.3f} {1e6 * mine:12.2f} {1e3 * other:12.2f} {other / mine:10.0f}")


def pions(model: str) -> Callable[[Any], Any]:
    """naima's pion decay by a high-energy model."""
    return lambda law: naima.models.PionDecay(law, hiEmodel=model, nuclear_enhancement=False, useLUT=False)


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    print(f"{'':28s} {'build [s]':>9s} {'again [s]':>9s} {'ours [µs]':>12s} {'naima [ms]':>12s} {'ratio':>10s}")
    for ours_name, name in (("pythia8", "Pythia8"), ("qgsjet", "QGSJET")):
        model = f"kafexhiu14-{ours_name}"
        measure(model, lambda m=model: jaxcrc.hadronic_emission(PHOTON, PROTON, m)[None], PROTON, pions(name))
    kelner = jaxcrc.hadronic_emission
    measure("kelner06", lambda: kelner(PHOTON, PROTON, "kelner06")[None], PROTON, PionDecayKelner06)

    def compton(method: str) -> jax.Array:
        return jnp.stack([jaxcrc.inverse_compton_emission(PHOTON, ELECTRON, [f], method) for f in FIELDS])

    def scattering(law: Any) -> Any:
        return naima.models.InverseCompton(law, ["CMB", "FIR", "NIR"])

    for method in ("exact", "khangulyan14"):
        measure(f"inverse Compton {method}", lambda m=method: compton(m), ELECTRON, scattering)

    def gyrating(law: Any) -> Any:
        return naima.models.Synchrotron(law, B=3 * u.uG)

    keV = PHOTON * 1e-9
    measure("synchrotron", lambda: jaxcrc.synchrotron_emission(keV, ELECTRON, 3.0)[None], ELECTRON, gyrating)
    measure(
        "bremsstrahlung (ionised)",
        lambda: jaxcrc.bremsstrahlung_emission(PHOTON, ELECTRON, "ionised")[None],
        ELECTRON,
        naima.models.Bremsstrahlung,
    )
    try:
        begun = time.perf_counter()
        jaxcrc.hadronic_emission(PHOTON, PROTON, "aafrag")
        first = time.perf_counter() - begun
        again = best_of(lambda: jaxcrc.hadronic_emission(PHOTON, PROTON, "aafrag"), 3)
        print(f"{'aafrag':28s} {first:9.2f} {again:9.3f}")
    except ValueError as error:
        print(error)


if __name__ == "__main__":
    main()
