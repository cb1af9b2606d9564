"""What all closed forms beyond the basic three must hold: golden numbers, slopes, extremes, precision, lowering."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from jaxcrc.transport.kernels.ballistic import ballistic_burst, ballistic_continuous, forward_beam
from jaxcrc.transport.kernels.bounded import burst_bounded, continuous_bounded
from jaxcrc.transport.kernels.field import anisotropic_burst, field_line_burst
from jaxcrc.transport.kernels.history import linear_point, released
from jaxcrc.transport.kernels.shell import burst_shell, continuous_ball, continuous_shell
from jaxcrc.transport.kernels.spherical import burst_point


def power_law(radius, time, kappa, slope):
    """A release Q = t^a from a point."""
    radius, time, kappa, slope = jnp.broadcast_arrays(radius, time, kappa, slope)
    safe = jnp.maximum(time, jnp.finfo(time.dtype).tiny ** 0.25)
    exponent = jnp.minimum(radius, 1e10) ** 2 / jnp.clip(4.0 * kappa * safe, 1e-9, 1e9)
    return released(
        lambda s: burst_point(radius[..., None], s, kappa[..., None]), lambda t: t ** slope[..., None], exponent, time
    )


# name: kernel, arguments of the golden number, golden number (as printed in the formula book, or its own digits),
# arguments of the other tests, index of the time
GOLDEN = {
    "burst_shell": (burst_shell, (1.0, 1.0, 1.0, 0.5), 0.0165952077),
    "continuous_shell": (continuous_shell, (1.0, 1.0, 1.0, 0.5), 0.0388746138),
    "linear_point": (linear_point, (1.0, 1.0, 1.0), 0.0222704632),
    "power_law": (power_law, (1.0, 1.0, 1.0, -0.5), 0.0619749972),
    "anisotropic_burst": (anisotropic_burst, (1.0, 0.3, 1.0, 1.0, 0.1), 0.139603184),
    "field_line_burst": (field_line_burst, (1.0, 0.3, 1.0, 1.0, 0.05, 0.0), 0.222950814),
    "burst_bounded": (burst_bounded, (1.0, 1.0, 1.0, 2.0), 0.0106006215),
}
KERNELS = {
    "burst_shell": (burst_shell, (2.0, 4.0, 1.5, 3.0)),
    "continuous_shell": (continuous_shell, (2.0, 4.0, 1.5, 3.0)),
    "continuous_ball": (continuous_ball, (2.0, 4.0, 1.5, 3.0)),
    "linear_point": (linear_point, (2.0, 4.0, 1.5)),
    "power_law": (power_law, (2.0, 4.0, 1.5, 0.3)),
    "anisotropic_burst": (anisotropic_burst, (2.0, 1.0, 4.0, 1.5, 0.3)),
    "field_line_burst": (field_line_burst, (2.0, 1.0, 4.0, 1.5, 0.2, 0.7)),
    "ballistic_burst": (ballistic_burst, (20.0, 0.3, 200.0)),
    "ballistic_continuous": (ballistic_continuous, (0.02, 0.3, 9.0)),
    "forward_beam": (forward_beam, (0.3, 2.0, 100.0)),
    "burst_bounded": (burst_bounded, (2.0, 4.0, 1.5, 5.0, 0.8)),
    "continuous_bounded": (continuous_bounded, (2.0, 4.0, 1.5, 5.0, 0.8)),
}
VALUE = {name: jax.jit(kernel) for name, (kernel, _) in KERNELS.items()}
SLOPES = {
    name: jax.jit(jax.vmap(jax.grad(kernel, argnums=range(len(arguments)))))
    for name, (kernel, arguments) in KERNELS.items()
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_numbers(name):
    kernel, arguments, golden = GOLDEN[name]
    np.testing.assert_allclose(kernel(*map(jnp.asarray, arguments)), golden, rtol=1e-8)


@pytest.mark.parametrize("name", KERNELS)
def test_slopes_match_differences_and_none_is_zero(name):
    arguments = [np.array([value]) for value in KERNELS[name][1]]
    slopes = SLOPES[name](*arguments)
    scale = float(VALUE[name](*arguments)[0])
    for i, slope in enumerate(slopes):
        low, high = (
            VALUE[name](*[v * (1.0 + sign * 1e-5) if j == i else v for j, v in enumerate(arguments)])
            for sign in (-1.0, 1.0)
        )
        relative = float(slope[0] * arguments[i][0] / scale)
        np.testing.assert_allclose(relative, float((high - low)[0]) / 2e-5 / scale, rtol=2e-7, atol=1e-9)
        assert abs(relative) > 1e-3


LENGTHS = {
    np.float64: np.array([0.0, 1e-300, 1e-9, 1.0, 1e9, 1e200]),
    np.float32: np.array([0.0, 1e-30, 1e-9, 1.0, 1e9, 1e30]),
}


@pytest.mark.parametrize("dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", KERNELS)
def test_finite_values_and_slopes_at_extremes(name, dtype):
    # Distances from 0 to beyond the squares of the precision; times from before the release to far too late.
    _, arguments = KERNELS[name]
    rng = np.random.default_rng(1)
    columns = []
    for i, value in enumerate(arguments):
        first = i < (2 if name.endswith(("anisotropic_burst", "field_line_burst")) else 1)
        if name == "forward_beam" and i == 0:
            column = rng.uniform(-1.0, 1.0, 400)
        elif first:
            column = rng.choice(LENGTHS[dtype], 400)
        else:
            column = value * 10.0 ** (rng.uniform(-1.0, 1.0, 400) * (8.0 if dtype is np.float64 else 4.0))
        columns.append(column.astype(dtype))
    if name == "power_law":
        columns[3] = rng.uniform(-0.5, 2.0, 400).astype(dtype)
    if name in ("continuous_shell", "continuous_ball", "ballistic_continuous"):
        # A cusp 1/r (or 1/r²) has no finite slope at its centre.
        columns[0] = np.maximum(columns[0], 1e-6).astype(dtype)
    if name in ("linear_point", "power_law", "continuous_bounded", "forward_beam"):
        at = 1 if name == "forward_beam" else 0
        columns[at] = np.maximum(columns[at], 1e-6).astype(dtype)
    time = {"anisotropic_burst": 2, "field_line_burst": 2, "forward_beam": None}.get(name, 1)
    if time is not None:
        columns[time][::7] = 0.0
        columns[time][3::7] = -1.0
    values = np.asarray(VALUE[name](*columns))
    slopes = [np.asarray(s) for s in SLOPES[name](*columns)]
    assert values.dtype == dtype
    assert np.all(np.isfinite(values))
    assert np.all(values >= 0.0)
    for slope in slopes:
        assert not np.any(np.isnan(slope))
    if time is not None:
        idle = columns[time] <= 0.0
        assert np.all(values[idle] == 0.0)
        assert all(np.all(slope[idle] == 0.0) for slope in slopes)


@pytest.mark.parametrize("dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", KERNELS)
def test_lowers_for_cuda_and_keeps_the_dtype(name, dtype):
    kernel, arguments = KERNELS[name]
    grids = [jnp.full((2, 3), value, dtype) for value in arguments]
    exported = export.export(jax.jit(jax.value_and_grad(lambda *v: kernel(*v).sum(), argnums=1)), platforms=["cuda"])
    assert {leaf.dtype for leaf in exported(*grids).out_avals} == {np.dtype(dtype)}


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_broadcasts_and_agrees_in_single_precision(name):
    first, second, *rest = map(jnp.asarray, KERNELS[name][1])
    grid = VALUE[name](first * jnp.geomspace(0.5, 1.5, 4)[None, :], second * jnp.geomspace(0.8, 2.0, 3)[:, None], *rest)
    single = [
        VALUE[name](
            jnp.float32(first * factor), jnp.float32(second * other), *(value.astype(jnp.float32) for value in rest)
        )
        for other in jnp.geomspace(0.8, 2.0, 3)
        for factor in jnp.geomspace(0.5, 1.5, 4)
    ]
    np.testing.assert_allclose(grid.ravel(), single, rtol=2e-5)
