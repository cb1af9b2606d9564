"""What a table that looks at a cloud reads: absolute flux, containment at every size, and the source in its middle."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.stats import ncx2

import fitting
from fitting.cases.layout import blank_table
from fitting.tables.table import Table
from jaxcrc import Anisotropic, Ballistic, Cloud, Homogeneous, Scene, UniformGas, View, hadronic_emission, solve, units
from jaxcrc.observe.inside import Around, Away, Spheres
from jaxcrc.responses.cloud import Known
from jaxcrc.transport.base import Symmetry
from tests.fitting.halos import CHI, halo

MIDDLE = (10.0, 0.0)  # on the equator a degree of right ascension is a degree
PSF = 0.1
SIZE, DEPTH = "view.clouds.a.size", "view.clouds.a.depth"
PRIOR = {CHI: dist.Uniform(-3.0, 0.0)}


def table(region: dict | None = None, psf: float | None = PSF) -> Table:
    spec = {"kind": "dnde", "unit": "1 / (GeV cm2 s)", "e_ref": ["1 TeV", "10 TeV"], **({"psf": psf} if psf else {})}
    return blank_table("table", {**spec, "region": region or {"shape": "total"}}, "tables.table.layout")


def circle(radius: float, east: float = 0.0, psf: float | None = PSF) -> Table:
    return table({"shape": "circle", "centre": (MIDDLE[0] + east, MIDDLE[1]), "radius": radius}, psf)


def problem(look: Table, shape="gaussian", kind="burst", transport=None, priors=None, **cloud) -> fitting.Problem:
    model = halo(kind).components["halo"]
    model = model if transport is None else dataclasses.replace(model, transport=transport)
    there = {"log10_mass": 4.0, "size": 0.2, "offset": 0.3, "depth": 5.0, **cloud}
    scene = Scene({"halo": model}, View(distance=2.0, clouds={"a": Cloud(**there)}), {}, UniformGas(density=1.0))
    options = fitting.Options(
        nuclear="none", points_per_decade=5, clouds={"table": "a"}, cloud_shape={"a": shape}, centres={"a": MIDDLE}
    )
    return fitting.Problem(scene, {"table": look}, priors or PRIOR, options)


def seen(*args, **kwargs) -> np.ndarray:
    return np.asarray(problem(*args, **kwargs).predict().tables["table"])[:, 0]


def test_the_flux_of_a_cloud_is_that_of_its_mass():
    """F = M/(1.4 m_H)/(4π d²) ⟨q/n_H⟩, the mean of a burst over a Gaussian cloud being a wider Gaussian."""
    case = problem(table())
    grid, field = case.setup.energy["halo"], solve(case.scene, case.setup)["halo"]
    parsec = np.deg2rad(1.0) * 2000.0
    square = 4.0 * np.asarray(field.kappa) * float(field.time) + 2.0 * (0.2 * parsec) ** 2
    away = np.hypot(2000.0 * np.tan(np.deg2rad(0.3)), 5.0)
    density = np.asarray(field.amplitude) * np.exp(-(away**2) / square) / (np.pi * square) ** 1.5
    hydrogen = 1e4 * units.SOLAR_MASS_G / (1.4 * units.HYDROGEN_MASS_G)
    area = 4.0 * np.pi * (2.0 * units.CM_PER_KPC) ** 2
    emission = hadronic_emission(np.array([1e3, 1e4]), np.asarray(grid.kinetic), "kafexhiu14-pythia8", "none")
    np.testing.assert_allclose(seen(table()), hydrogen / area * (emission @ density), rtol=1e-5)


@pytest.mark.parametrize(
    ("east", "psf"),
    [
        (0.15, PSF),
        (0.4, None),
        *(pytest.param(*at, marks=pytest.mark.slow) for at in ((0.0, PSF), (0.0, None), (0.4, PSF))),
    ],
)
def test_containment_is_exact_at_every_size(east, psf):
    """A circle holds of a Gaussian cloud ⊕ Gaussian PSF what a non-central χ² says: also where no prior would go."""
    case = problem(circle(0.2, east, psf), priors={SIZE: dist.Uniform(0.01, 1.0), **PRIOR})
    whole = problem(table(), priors={SIZE: dist.Uniform(0.01, 1.0), **PRIOR})
    sizes = np.array([0.003, 0.011, 0.05, 0.2, 0.6, 1.0, 5.0, 60.0])
    many = {SIZE: sizes, CHI: np.full(sizes.size, -1.5)}
    shares = case.predict_many(many).tables["table"] / whole.predict_many(many).tables["table"]
    square = sizes**2 + (psf**2 if psf else 0.0)
    expected = ncx2.cdf(0.2**2 / square, 2, east**2 / square)
    seen = expected > 1e-12
    np.testing.assert_allclose(np.asarray(shares)[seen, 0, 0], expected[seen], rtol=1e-4, atol=2e-8)


@pytest.mark.parametrize(("shape", "kind"), [("gaussian", "continuous"), ("ball", "burst")])
def test_gas_around_the_source_is_seen_like_gas_close_by(shape, kind):
    priors = {DEPTH: dist.Normal(0.0, 5.0), SIZE: dist.LogNormal(-1.0, 0.5), **PRIOR}
    case = problem(table(), shape, kind, priors=priors, offset=0.0, depth=0.0, size=0.5)

    @jax.jit
    def told(values):
        return jnp.log(case.posterior.predict(values).tables["table"])[0, 0]

    at = {**case.start(), DEPTH: jnp.asarray(0.0)}
    near = {**at, DEPTH: jnp.asarray(1e-2)}
    assert float(told(near)) == pytest.approx(float(told(at)), abs=1e-5)
    slopes = jax.grad(told)(at)
    assert float(slopes[DEPTH]) == 0.0
    ends = [float(told({**at, SIZE: at[SIZE] + step})) for step in (1e-4, -1e-4)]
    assert float(slopes[SIZE]) == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-5)


def test_how_a_mean_is_taken_follows_from_where_the_cloud_may_be(monkeypatch):
    def taken(**place):
        return problem(table(), **place).setup.response["table"][0].inside["halo"]

    turned = Anisotropic(log10_ratio=-0.3, inclination=60.0)
    assert isinstance(taken().inside, Spheres)
    assert isinstance(taken(transport=turned), Known)
    monkeypatch.setattr(Anisotropic, "symmetry", lambda transport, source: Symmetry.NONE)
    assert isinstance(taken(transport=turned, depth=60.0).inside, Away)
    assert isinstance(taken(transport=turned, offset=0.0, depth=0.0).inside, Around)
    free = {DEPTH: dist.Uniform(0.0, 90.0), **PRIOR}
    assert isinstance(taken(transport=turned, depth=60.0, priors=free).inside, Around)
    # Farther from us a cloud is larger, and as deep: what was far away then lies inside.
    far = {"view.distance": dist.Uniform(1.0, 40.0), **PRIOR}
    assert isinstance(taken(transport=turned, depth=60.0, priors=far).inside, Around)
    still = problem(table(), transport=turned, depth=60.0)
    for path, value, made in (("view.distance", 40.0, "2"), ("view.clouds.a.azimuth", 10.0, "0")):
        with pytest.raises(ValueError, match=f"{path} = {value:g}: matrices were made for {made}; give"):
            still.predict({path: value})


@pytest.mark.slow
def test_a_cloud_beside_what_is_not_round_moves_with_the_distance():
    """As the problem built there: 60 pc behind a source at 2 kpc, a cloud has it inside at 40."""
    priors = {"view.distance": dist.Uniform(1.0, 40.0), **PRIOR}
    case = problem(table(), kind="continuous", transport=Ballistic(), depth=60.0, priors=priors)
    for distance in (1.0, 10.0, 40.0):
        there = {"view.distance": distance}
        moved, built = (asked.tables["table"] for asked in (case.predict(there), case.at(there).predict()))
        np.testing.assert_allclose(moved, built, rtol=1e-3)
        fixed = case.changed(priors=PRIOR, scene=case.at(there).scene).predict().tables["table"]
        np.testing.assert_allclose(moved, fixed, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["gaussian", "ball"])
def test_directions_around_the_source_agree_with_spheres(shape):
    for depth in (0.0, 3.0, 12.0):
        there = {"offset": 0.0, "depth": depth, "size": 0.5}
        expected = seen(table(), shape, transport=Homogeneous(), **there)
        found = seen(table(), shape, transport=Anisotropic(log10_ratio=0.0, inclination=60.0), **there)
        np.testing.assert_allclose(found, expected, rtol=2e-3)
