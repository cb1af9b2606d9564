"""What is not round: the same as the round matrices where it is, closed forms where it is not."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.special import erf

import fitting
from fitting.cases.layout import blank_table
from jaxcrc import (
    Anisotropic,
    Ballistic,
    Burst,
    Continuous,
    Homogeneous,
    Model,
    Point,
    PowerLaw,
    Released,
    Scene,
    SuppressedDiffusion,
    UniformGas,
    View,
)
from jaxcrc.transport.base import Status, Symmetry
from tests.fitting.halos import CHI, centred, layout

PRIOR = {CHI: dist.Uniform(-3.0, 0.0)}


def scene(transport, release=None) -> Scene:
    source = Released(
        PowerLaw(index=2.2, log10_cutoff=3.0), release or Burst(log10_energy=49.5, log10_age=4.3), Point()
    )
    return Scene(
        {"halo": Model(source, SuppressedDiffusion(log10_chi=-1.5, delta=0.4, reference="nava16"), transport)},
        View(distance=1.0),
        {},
        UniformGas(density=10.0),
    )


def seen(transport, table, release=None) -> np.ndarray:
    options = fitting.Options(nuclear="none", points_per_decade=4, centres={"source": (10.0, 20.0)})
    problem = fitting.Problem(scene(transport, release), {"table": table}, PRIOR, options)
    return np.asarray(problem.predict().tables["table"])


def region(unit="1 / (cm2 s)", kind="flux", **where) -> fitting.Table:
    spec = {"kind": kind, "unit": unit, "e_edges": ["1 TeV", "3 TeV", "10 TeV"], "psf": "0.07 deg", "region": where}
    return blank_table("table", spec, "tables.table.layout")


ANNULI = centred(layout(6), (10.0, 20.0))
TABLES = {
    "annuli": ANNULI,
    "circle": region(shape="circle", centre=(10.0, 20.4), radius=0.3),
    "box": region(shape="box", centre=(10.3, 20.2), width=0.4, height=0.2, angle=30.0),
}


@pytest.fixture
def by_points(monkeypatch):
    """What has an axis is asked for at points, as what has no symmetry."""
    monkeypatch.setattr(Anisotropic, "symmetry", lambda transport, source: Symmetry.NONE)


@pytest.mark.parametrize(
    "name", ["annuli", *(pytest.param(name, marks=pytest.mark.slow) for name in ("circle", "box"))]
)
def test_an_isotropic_kernel_looks_the_same_as_through_round_matrices(name, by_points):
    got = seen(Anisotropic(log10_ratio=0.0, inclination=60.0, azimuth=20.0), TABLES[name])
    np.testing.assert_allclose(got, seen(Homogeneous(), TABLES[name]), rtol=2e-3)


def test_what_is_thinner_than_its_points_are_apart_says_so():
    """A top-hat PSF leaves points only: they say where they miss something, and are right where they do not."""
    options = fitting.Options(nuclear="none", points_per_decade=3, centres={"source": (10.0, 20.0)})
    blurred = dataclasses.replace(ANNULI, psf=(("tophat", 0.05),) * ANNULI.value.shape[0])
    path = "components.halo.transport.log10_ratio"
    priors = {path: dist.Uniform(-6.0, 0.0), **PRIOR}
    turned = scene(Anisotropic(log10_ratio=-1.0, inclination=60.0, azimuth=20.0))
    problem = fitting.Problem(turned, {"table": blurred}, priors, options)
    found = {ratio: int(problem.predict({path: ratio}).status) & Status.THIN for ratio in (-4.0, -2.5, -0.2)}
    assert found == {-4.0: Status.THIN, -2.5: Status.THIN, -0.2: 0}


@pytest.mark.parametrize("name", TABLES)
def test_lines_see_an_isotropic_kernel_as_round_matrices_do(name):
    got = seen(Anisotropic(log10_ratio=0.0, inclination=60.0, azimuth=20.0), TABLES[name])
    np.testing.assert_allclose(got, seen(Homogeneous(), TABLES[name]), rtol=2e-4)


@pytest.mark.slow
def test_a_constant_source_that_hardly_beams_looks_round(monkeypatch):
    # κ/c is 0.2 pc at the energies that shine here, the annuli are 6 pc wide: straight flight shows in the first alone.
    release = Continuous(log10_power=37.5, log10_age=5.0)
    monkeypatch.setattr(Homogeneous, "symmetry", lambda transport, source: Symmetry.NONE)  # the same points for both
    more = seen(Ballistic(), ANNULI, release) / seen(Homogeneous(), ANNULI, release) - 1.0
    assert np.all((more[:, 0] > 5e-5) & (more[:, 0] < 3e-3))
    # Farther out the light that flies towards us comes from the near side, which is nearer by its depth over 1 kpc.
    np.testing.assert_allclose(more[:, 1:], 0.0, atol=3e-4)


@pytest.mark.slow
def test_a_burst_that_never_outruns_light_is_round(monkeypatch):
    through_matrices = seen(Ballistic(), ANNULI)
    monkeypatch.setattr(Ballistic, "symmetry", lambda transport, source: Symmetry.NONE)
    np.testing.assert_allclose(through_matrices, seen(Ballistic(), ANNULI), rtol=1e-4)


@pytest.mark.parametrize(("inclination", "azimuth"), [(90.0, 0.0), (60.0, 30.0), (30.0, -100.0), (0.0, 0.0)])
def test_an_anisotropic_halo_projects_to_an_ellipse(inclination, azimuth):
    """The column of a Gaussian is one: 4κ_⊥t across the field, sin²i 4κ_∥t + cos²i 4κ_⊥t along its projection."""
    along, across, half = 25.0, 4.0, 8.0  # squared widths [pc²], half side of a box [pc]
    slant, turn = np.deg2rad(inclination), np.deg2rad(azimuth)
    long = np.sin(slant) ** 2 * along + np.cos(slant) ** 2 * across
    from jaxcrc.observe import sky
    from jaxcrc.observe.psf import Gaussian
    from jaxcrc.transport.along import axis
    from jaxcrc.transport.kernels.field import anisotropic_burst

    blur = 1.0
    nodes = sky.sky_nodes(2.0, np.hypot(half, half) + 5.0 * blur, blur, 400.0, np.zeros(0))
    place = np.concatenate(
        [np.broadcast_to(nodes.sky[:, None, :], (*nodes.depth.shape, 2)), nodes.depth[..., None]], axis=-1
    )
    line = place @ np.asarray(axis(jnp.asarray(slant), jnp.asarray(turn)))
    beside = np.sqrt(np.maximum(np.sum(place**2, axis=-1) - line**2, 0.0))
    density = np.asarray(anisotropic_burst(line, beside, 1.0, along / 4.0, across / 4.0))
    column = np.sum(nodes.length * density, axis=1)
    # A box around the source whose height runs along the field.
    north, east = nodes.sky.T
    turned = np.stack([east * np.cos(turn) - north * np.sin(turn), north * np.cos(turn) + east * np.sin(turn)], axis=-1)
    sides = [side + sign * turned[:, axis] for axis, side in enumerate((half / 4.0, half / 2.0)) for sign in (-1, 1)]
    light = np.sum(column * nodes.area * sky.caught_by_box(Gaussian(blur), np.stack(sides, axis=-1)))
    expected = erf(half / 4.0 / np.sqrt(across + 2.0 * blur**2)) * erf(half / 2.0 / np.sqrt(long + 2.0 * blur**2))
    np.testing.assert_allclose(light, expected, rtol=1e-3)


@pytest.mark.slow
def test_angles_of_the_field_act_and_slopes_are_finite():
    options = fitting.Options(nuclear="none", points_per_decade=3, centres={"source": (10.0, 20.0)})
    base = "components.halo.transport"
    priors = {f"{base}.{name}": dist.Uniform(-5.0, 0.0) for name in ("log10_ratio",)}
    priors |= {f"{base}.inclination": dist.Uniform(0.0, 180.0), f"{base}.azimuth": dist.Uniform(-180.0, 180.0), **PRIOR}
    problem = fitting.Problem(
        scene(Anisotropic(log10_ratio=-1.0, inclination=60.0, azimuth=20.0)), {"box": TABLES["box"]}, priors, options
    )
    slope = jax.jit(jax.grad(lambda v: jnp.log(problem.posterior.predict(v).tables["box"]).sum()))(problem.start())
    for path, value in slope.items():
        assert np.isfinite(value), path
        assert float(value) != 0.0, path


@pytest.mark.parametrize("name", ["circle", "box"])
def test_sharp_edges_off_the_source_look_the_same_as_through_round_matrices(name, by_points):
    sharp = dataclasses.replace(TABLES[name], psf=None)
    got = seen(Anisotropic(log10_ratio=0.0, inclination=60.0, azimuth=20.0), sharp)
    np.testing.assert_allclose(got, seen(Homogeneous(), sharp), rtol=2e-3)
