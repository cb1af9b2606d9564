"""A halo like Geminga's: time of a prediction and of its gradient, against the same profile by brute-force quadrature.

Run by hand on one core: `taskset -c 0 python benchmarks/halo.py`. The prediction is that of the shipped case
`geminga-like` (age 342 kyr, spin-down, IC on CMB + infrared + optical, 30 annuli, PSF, 3 bands) at about 64 lepton
energies. The brute force shares the physical laws and the emission of one electron, nothing else: trajectories by a
cumulative trapezoid, look-back time, line of sight and PSF on fine grids of their own, in numpy.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
from scipy.special import i0e

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import fitting
from benchmarks.likelihood import LOOP, _loop, best_of
from jaxcrc.emission.compton import inverse_compton_band_emission
from jaxcrc.medium.losses import lepton_loss

PC_CM = 3.0856775815e18


def halo(points_per_decade: int) -> fitting.Problem:
    """The shipped case on another energy grid."""
    problem = fitting.load("geminga-like")
    options = replace(problem.options, points_per_decade=points_per_decade)
    return fitting.Problem(problem.scene, problem.tables, problem.priors, options)


def by_brute_force(problem: fitting.Problem, emission: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Means of the annuli [photon, bin]; emission [photon, energy] makes brightness of a column [GeV⁻¹ cm⁻³ pc]."""
    model, table = problem.scene.components["halo"], problem.tables["profile"]
    age, distance = float(model.source.age()), 1e3 * float(problem.scene.view.distance)
    fine = np.geomspace(energy[0], 4e7, 6000)
    loss = np.asarray(lepton_loss(fine, problem.scene.light))
    kappa, x = np.asarray(model.medium.kappa(fine)), np.log(fine)

    def rising(y: np.ndarray) -> np.ndarray:
        return np.concatenate([[0.0], np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(x))])

    times, squares = rising(fine / loss), rising(4.0 * kappa * fine / loss)
    radius = np.geomspace(2e-3, 120.0, 300)
    density = np.zeros((energy.size, radius.size))
    for i, e in enumerate(energy):
        start, at = np.interp(np.log(e), x, times), np.interp(np.log(e), x, squares)
        back = np.geomspace(1e-9, min(age, times[-1] - start), 4000)
        back = np.concatenate([back, age * (1.0 - np.geomspace(1e-6, 0.5, 2000))])
        back = np.unique(back[back <= min(age, times[-1] - start)])
        before = np.interp(start + back, times, x)
        square = np.interp(before, x, squares) - at
        rate = float(np.interp(np.log(e), x, loss))
        near = back < 1e-3 * e / rate  # there the tables have lost their digits
        square = np.where(near, 4.0 * np.interp(np.log(e), x, kappa) * back, square)
        before = np.where(near, e + rate * back, np.exp(before))
        release = np.asarray(model.source.power(age - back)) * np.asarray(model.source.injection(before))
        weight = release * np.interp(np.log(before), x, loss) / rate / (np.pi * square) ** 1.5
        density[i] = np.trapezoid(weight * np.exp(-(radius[:, None] ** 2) / square) * back, np.log(back), axis=1)
    light = emission @ density
    impact, depth = np.geomspace(4e-3, 100.0, 500), np.geomspace(1e-4, 120.0, 900)
    through = np.hypot(impact[:, None], depth)
    column = np.array(
        [
            2.0 * np.trapezoid(np.exp(np.interp(np.log(through), np.log(radius), np.log(row))) * depth, np.log(depth))
            for row in light
        ]
    )
    angle, (_, sigma) = np.rad2deg(impact / distance), table.psf[0]
    seen = np.linspace(0.0, table.r_max[-1], 601)
    spread = np.exp(-0.5 * ((seen[:, None] - angle) / sigma) ** 2) * i0e(seen[:, None] * angle / sigma**2) / sigma**2
    blurred = np.trapezoid(column[:, None, :] * spread * angle**2, np.log(angle), axis=-1)
    rings = []
    for low, high in zip(table.r_min, table.r_max, strict=True):
        r = np.linspace(low, high, 21)
        rings.append([2.0 * np.trapezoid(np.interp(r, seen, row) * r, r) / (high**2 - low**2) for row in blurred])
    return np.array(rings).T


def main() -> None:
    """Print the figures."""
    problem = halo(16)
    posterior, start = problem.posterior, problem.start()
    print(f"{problem.setup.energy['halo'].total.size} lepton energies, {jax.devices()[0].platform}")
    begun = time.perf_counter()
    predicted = np.asarray(jax.block_until_ready(problem.predict()).tables["profile"])
    print(f"first prediction, compilation included: {time.perf_counter() - begun:.2f} s")
    plain = best_of(_loop(lambda v, p: (p.log_density(v), v), start, posterior), 1) / LOOP
    steep = best_of(_loop(jax.value_and_grad(lambda v, p: p.log_density(v)), start, posterior), 1) / LOOP
    print(f"log-density {plain:.3f} ms, with gradient {steep:.3f} ms, ratio {steep / plain:.2f}")
    table = problem.tables["profile"]
    energy = np.geomspace(1e3, 5e6, 240)
    fields = [(f.temperature, float(f.energy_density)) for f in problem.scene.light.photons.values()]
    rows = np.asarray(inverse_compton_band_emission(table.e_min, table.e_max, energy, fields))
    rows = rows * PC_CM / (4.0 * np.pi) * table.unit_factor
    begun = time.perf_counter()
    brute = by_brute_force(problem, rows, energy)
    spent = time.perf_counter() - begun
    apart = np.abs(predicted / brute - 1.0)
    print(f"brute force {spent:.2f} s: {1e3 * spent / plain:.0f} times a prediction")
    print(f"apart by at most {apart.max():.1e}, in the median {np.median(apart):.1e}")


if __name__ == "__main__":
    main()
