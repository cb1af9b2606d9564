# ruff: noqa: E402
"""Speed of the cosmic-ray cloud, run by hand: `python benchmarks/cloud.py`.

Prints times and ratios measured side by side in one run: one energy, a batch on two virtual devices, derivatives in
both modes, the same equations by the method of lines with SciPy's stiff solver at equal accuracy, and the cost
against cells, steps, energies and batch (also drawn to cloud.png). Minima over repetitions, compilation apart.
"""

from __future__ import annotations

import os
import sys
import time

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"

import jax  # the flags above must come first

jax.config.update("jax_enable_x64", True)

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh as DeviceMesh
from jax.sharding import NamedSharding, PartitionSpec
from scipy.integrate import solve_ivp

from jaxcrc.transport.cloud.halflife import scaled_half_life
from jaxcrc.transport.cloud.population import half_life, make_cloud
from jaxcrc.transport.cloud.tube import Mesh, Numbers, Resolution


def best(function, *args, repeat=7):
    """Shortest wall time of a call [s], after one to compile."""
    jax.block_until_ready(function(*args))
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        jax.block_until_ready(function(*args))
        times.append(time.perf_counter() - start)
    return min(times)


def by_parameters(x):
    """Half-life of a WIM cloud from six parameters."""
    medium = eqx.tree_at(lambda p: (p.field, p.density), make_cloud("wim").phase, (x[1], x[2]))
    return half_life(medium, x[0], 100.0, index=x[3], released_energy=x[4], growth_factor=x[5])


def value_and_forward(x):
    """Value and six derivatives in forward mode."""
    values, slopes = jax.vmap(lambda direction: jax.jvp(by_parameters, (x,), (direction,)))(jnp.eye(6))
    return values[0], slopes


PARAMETERS = np.array([8.0, 5.0, 0.35, 2.2, 1.0, 1.0])


def many(size):
    rng = np.random.default_rng(0)
    scatter = np.array([0.5, 0.2, 0.2, 0.05, 0.5, 0.1])
    return jnp.asarray(PARAMETERS * np.exp(scatter * rng.uniform(-1, 1, (size, 6))))


def single():
    value, gradient = jax.jit(by_parameters), jax.jit(jax.value_and_grad(by_parameters))
    forward = jax.jit(value_and_forward)
    x = jnp.asarray(PARAMETERS)
    t, g, f = best(value, x, repeat=30), best(gradient, x, repeat=15), best(forward, x, repeat=15)
    print(f"one energy: {1e3 * t:.2f} ms; with 6 derivatives reverse ×{g / t:.2f}, forward ×{f / t:.2f}")


def batch(size=256):
    devices = jax.devices()
    x = jax.device_put(many(size), NamedSharding(DeviceMesh(np.array(devices), ("draw",)), PartitionSpec("draw")))
    value = jax.jit(jax.vmap(by_parameters))
    gradient = jax.jit(jax.vmap(jax.value_and_grad(by_parameters)))
    forward = jax.jit(jax.vmap(value_and_forward))
    t, g, f = best(value, x, repeat=5), best(gradient, x, repeat=3), best(forward, x, repeat=3)
    print(
        f"{size} clouds on {len(devices)} devices: {size / t:.0f} solves/s; reverse ×{g / t:.2f}, forward ×{f / t:.2f}"
    )


def lines(n: Numbers, cells: int, rtol: float) -> float:
    """Scaled half-life by the method of lines on the same mesh, LSODA with a banded Jacobian."""
    mesh = Mesh.of(Resolution(cells=cells), n.coupling)
    rest, riding = np.asarray(mesh.at_rest), np.asarray(mesh.riding)
    pi, v, gamma, nu = (float(x) for x in (n.coupling, n.speed, n.linear, n.quadratic))

    def flux(t, q, w):
        faces = rest + v * t * riding
        width = np.diff(faces)
        p = q / width
        outer, next_width = np.append(p[1:], 0.0), np.append(width[1:], 0.0)
        distance = 0.5 * (width + next_width)
        slope = (p - outer) / distance
        face = (p * next_width + outer * width) / (width + next_width)
        return slope, slope / w + v * (1.0 - riding[1:]) * face, faces, p

    def right(t, y):
        q, w = y[::2], y[1::2]
        slope, out, _, _ = flux(t, q, w)
        dy = np.empty_like(y)
        dy[::2] = -np.diff(out, prepend=0.0)
        dy[1::2] = pi * np.maximum(slope, 0.0) - gamma * (w - 1.0) - nu * (w**2 - 1.0)
        return dy

    def half(t, y):
        _, _, faces, p = flux(t, y[::2], y[1::2])
        return float(np.sum(np.clip(1.0 - faces[:-1], 0.0, np.diff(faces)) * p)) - 0.5

    half.terminal = True
    y = np.ones(2 * cells)
    y[::2] = np.where(rest[1:] <= 1.0, np.diff(rest), 0.0)
    found = solve_ivp(right, (0.0, 1e6), y, "LSODA", events=half, rtol=rtol, atol=rtol * 1e-3, lband=2, uband=2)
    return float(found.t_events[0][0])


def method_of_lines():
    cloud = make_cloud("wim")
    for radius, energy in ((8.0, 100.0), (20.0, 10.0), (3.0, 1000.0)):
        n, _ = cloud.numbers(jnp.asarray(radius), jnp.asarray(energy))
        exact = float(scaled_half_life(n, Resolution(cells=432, steps=2000, growth=1.2)).time)
        solve = jax.jit(scaled_half_life)
        ours, t = float(solve(n).time), best(solve, n)
        for rtol in (0.3, 0.1, 0.03, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6):
            start = time.perf_counter()
            theirs = lines(n, Resolution().cells, rtol)
            spent = time.perf_counter() - start
            if abs(theirs / exact - 1.0) <= 1.2 * abs(ours / exact - 1.0):
                break
        print(
            f"WIM {radius:g} pc, {energy:g} GeV: ours {1e3 * t:.2f} ms, off by {ours / exact - 1:+.1e}; "
            f"method of lines {1e3 * spent:.0f} ms, off by {theirs / exact - 1:+.1e} (rtol {rtol:g}): "
            f"ratio {spent / t:.0f}"
        )


def scaling():
    n, _ = make_cloud("wim").numbers(jnp.asarray(8.0), jnp.asarray(100.0))
    solve = jax.jit(scaled_half_life, static_argnums=1)
    curves = {
        "cells": [(c, best(solve, n, Resolution(cells=c), repeat=10)) for c in (54, 108, 216, 432)],
        "steps": [(s, best(solve, n, Resolution(steps=s), repeat=10)) for s in (125, 250, 500, 1000)],
    }
    energies = jax.jit(lambda e: half_life("wim", 8.0, e))
    curves["energies"] = [(k, best(energies, jnp.geomspace(10.0, 1e4, k))) for k in (2, 8, 32, 128)]
    value = jax.jit(jax.vmap(by_parameters))
    curves["batch"] = [(k, best(value, many(k), repeat=3)) for k in (2, 16, 64, 256)]
    for name, points in curves.items():
        print(f"cost against {name}: " + ", ".join(f"{x}: {1e3 * t:.2f} ms" for x, t in points))
    return curves


def draw(curves, path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    for name, points in curves.items():
        x, t = np.array(points).T
        axes.loglog(x / x[0], t / t[0], "o-", label=f"{name} (from {x[0]:g}, {1e3 * t[0]:.2g} ms)")
    axes.set(xlabel="size over the smallest", ylabel="time over the smallest")
    axes.legend()
    figure.savefig(path)


if __name__ == "__main__":
    single()
    batch()
    method_of_lines()
    draw(scaling(), sys.argv[1] if len(sys.argv) > 1 else "cloud.png")
