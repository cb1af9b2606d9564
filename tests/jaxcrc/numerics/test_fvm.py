import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import solve_banded

from jaxcrc.numerics.fvm import Tridiagonal, flux_derivatives, flux_matrix
from jaxcrc.numerics.grids import Grid1D


def random_matrix(shape, dtype=float):
    rng = np.random.default_rng(3)
    lower, upper = -rng.random(shape), -rng.random(shape)
    return Tridiagonal(*(jnp.asarray(x, dtype) for x in (lower, 2.5 + rng.random(shape), upper))), rng.random(shape)


def dense(matrix, k=()):
    lower, diagonal, upper = (np.asarray(x[(slice(None), *k)]) for x in (matrix.lower, matrix.diagonal, matrix.upper))
    return np.diag(diagonal) + np.diag(lower[1:], -1) + np.diag(upper[:-1], 1)


@pytest.mark.parametrize("shape", [(30,), (30, 5)])
def test_solve_equals_scipy_and_its_derivative_the_transposed_system(shape):
    matrix, b = random_matrix(shape)
    x = np.asarray(matrix.solve(jnp.asarray(b)))
    weight = np.random.default_rng(4).random(shape)
    slope = np.asarray(jax.grad(lambda b: jnp.sum(weight * matrix.solve(b)))(jnp.asarray(b)))
    for k in [()] if len(shape) == 1 else [(i,) for i in range(shape[1])]:
        pick = (slice(None), *k)
        bands = np.zeros((3, shape[0]))
        bands[0, 1:], bands[1], bands[2, :-1] = (
            np.asarray(matrix.upper[pick])[:-1],
            matrix.diagonal[pick],
            np.asarray(matrix.lower[pick])[1:],
        )
        np.testing.assert_allclose(x[pick], solve_banded((1, 1), bands, b[pick]), rtol=1e-13)
        np.testing.assert_allclose(dense(matrix, k) @ x[pick], b[pick], rtol=1e-12)
        np.testing.assert_allclose(slope[pick], np.linalg.solve(dense(matrix, k).T, weight[pick]), rtol=1e-12)


def test_single_precision_stays_and_the_solver_lowers_for_cuda():
    for shape in [(30,), (30, 5)]:
        matrix, b = random_matrix(shape, jnp.float32)
        b = jnp.asarray(b, jnp.float32)
        assert matrix.solve(b).dtype == jnp.float32
        jax.export.export(jax.jit(lambda m, b: m.solve(b)), platforms=["cuda"])(matrix, b)


def steady_error(n_cells, geometry, velocity):
    """Largest error of the steady −K u'' + V u' = S (tube) or −K ∇²u = S (sphere) in 0 < x < 1 with u(1) = 0."""
    faces = np.linspace(0.0, 1.0, n_cells + 1) ** 1.2  # uneven on purpose
    grid = getattr(Grid1D, geometry)(faces)
    by_inner, by_outer = flux_derivatives(grid, jnp.ones(n_cells + 1), jnp.full(n_cells + 1, velocity))
    matrix = flux_matrix(by_inner, by_outer, jnp.zeros(n_cells))
    x = np.asarray(grid.centres)
    if geometry == "sphere":
        source, exact = 6.0, 1.0 - x**2  # ∇² r² = 6
    else:
        # closed at x = 0 in flux: V u − u' = ∫S, with S = 1: u = [x/V + 1/V² + C e^{Vx}], C from u(1) = 0
        source = 1.0
        exact = x / velocity + velocity**-2
        exact = exact - (1.0 / velocity + velocity**-2) * np.exp(velocity * (x - 1.0))
    u = np.asarray(matrix.solve(source * grid.volumes))
    return np.abs(u - exact).max()


@pytest.mark.parametrize(("geometry", "velocity"), [pytest.param("sphere", 0.0, marks=pytest.mark.slow), ("tube", 1.5)])
def test_steady_problems_converge_with_second_order(geometry, velocity):
    errors = [steady_error(n, geometry, velocity) for n in (40, 80, 160)]
    assert errors[-1] < 1e-3
    assert np.log2(errors[0] / errors[1]) > 1.7
    assert np.log2(errors[1] / errors[2]) > 1.8
