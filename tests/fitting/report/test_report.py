"""Figures show what they should, the numbers behind them are right, and the report is one self-contained page."""

from __future__ import annotations

import copy
import dataclasses
import io
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import astropy.table
import astropy.units as u
import jax
import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr
from matplotlib.figure import Figure
from rich.console import Console
from scipy import stats
from scipy.integrate import simpson
from scipy.ndimage import label
from scipy.special import ndtri

mpl.use("Agg")
import matplotlib.pyplot as plt

import fitting
from fitting import words
from fitting.cli.terminal import terminal_table
from fitting.report import html as page
from fitting.report import predictive, sections
from fitting.report import write as report
from fitting.report.figures import density, plot_rank, plot_scan, plot_shrinkage, spectrum_tables
from fitting.report.figures import scan as scans
from fitting.runs.labels import label_of, labels, symbols
from fitting.runs.run import Run
from fitting.tables.regions import Annuli, Circle, Total
from fitting.words import interval, number, percent, short, with_error
from jaxcrc import (
    Burst,
    Cloud,
    Homogeneous,
    LocalSea,
    Model,
    Point,
    PowerLaw,
    Released,
    Scene,
    SuppressedDiffusion,
    Uniform,
    UniformGas,
    View,
    burst_point,
)
from jaxcrc.units import CM_PER_PC, ERG_PER_GEV

CHI, DELTA = "components.halo.medium.log10_chi", "components.halo.medium.delta"
WORK, MASS, SCALE = "components.halo.source.release.log10_energy", "view.clouds.a.log10_mass", "data.tev.scale"
TRUTH = {CHI: -1.5, DELTA: 0.4, WORK: 49.5, MASS: 4.5}
WIDTHS = {CHI: 0.1, DELTA: 0.03, WORK: 0.1, MASS: 0.2}


def scene() -> Scene:
    source = Released(PowerLaw(index=2.2, log10_cutoff=3.0), Burst(log10_energy=49.5, log10_age=4.3), Point())
    halo = Model(source, SuppressedDiffusion(log10_chi=-1.5, delta=0.4, reference="nava16"), Homogeneous())
    sea = Model(LocalSea(), None, Uniform())
    return Scene(
        {"halo": halo, "sea": sea},
        View(distance=1.0, gas_depth=100.0, clouds={"a": Cloud(log10_mass=4.5, size=0.1, offset=0.5, depth=12.0)}),
        {},
        UniformGas(density=10.0),
    )


def table(name: str, kind: str, unit: str, shape: tuple[int, int], **parts) -> fitting.Table:
    ones = np.ones(shape)
    full = {"value": ones, "error_lo": 0.1 * ones, "error_hi": 0.2 * ones, "is_ul": ones < 0, "used": ones > 0}
    return fitting.Table(name=name, kind=kind, unit=u.Unit(unit), **{**full, **parts})


def tables() -> dict[str, fitting.Table]:
    edges = np.linspace(0.0, 1.8, 7)
    profile = table("ring <map>", "surface_brightness", "1 / (cm2 s sr)", (2, 6),
                    region=Annuli((83.6, 22.0), edges[:-1], edges[1:]),
                    e_min=np.array([1e3, 3e3]), e_max=np.array([3e3, 1e4]),
                    psf=(("gaussian", 0.1), ("gaussian", 0.08)))  # fmt: skip
    gev = table("GeV cloud", "flux", "1 / (cm2 s)", (3, 1), e_min=np.array([1.0, 3.0, 10.0]),
                e_max=np.array([3.0, 10.0, 100.0]), region=Total())  # fmt: skip
    tev = table("TeV cloud", "dnde", "1 / (TeV cm2 s)", (4, 1), e_ref=np.array([500.0, 1e3, 2e3, 4e3]),
                region=Circle(0.15), psf=(("gaussian", 0.06),) * 4)  # fmt: skip
    return {"profile": profile, "gev": gev, "tev": tev}


def measured(problem: fitting.Problem, simulated: bool) -> dict[str, fitting.Table]:
    """The problem's own prediction, moved by a fixed pattern of errors, one cell of each of two tables a limit."""
    found = {}
    for name, blank in problem.tables.items():
        level = np.asarray(problem.predict().tables[name])
        pattern = np.resize([0.5, -1.2, 0.8, 0.1, -0.4, 1.0, -0.9], level.shape)
        is_ul = np.zeros(level.shape, bool)
        is_ul.flat[-1] = name in ("profile", "tev")
        value = np.where(is_ul, 2.0 * level, level * (1.0 + 0.1 * pattern))
        error = np.where(is_ul, np.nan, 0.1 * level)
        extra = {"simulated": simulated, "truth": TRUTH if simulated else None, "reference": "A paper, 2020"}
        limits = {"is_ul": is_ul, "confidence": 0.95 if is_ul.any() else None}
        found[name] = dataclasses.replace(blank, value=value, error_lo=error, error_hi=1.5 * error, **limits, **extra)
    return found


def run_of(problem: fitting.Problem, method: str = "nuts") -> Run:
    """Random draws near the truth in the place of a sampler's."""
    rng = np.random.default_rng(5)
    draws = {path: TRUTH[path] + width * rng.normal(size=(4, 15)) for path, width in WIDTHS.items()}
    prior = {path: np.asarray(v) for path, v in problem.sample_prior(jax.random.key(0), 500).items()}
    status = {"FAILED": 0.0, "SUPERLUMINAL": 0.25, "BELOW_BOHM": 0.0}
    about = {"method": method, "seed": 3, "complete": True, "map_converged": True, "status": status}
    about |= {"divergences": 0, "draws": 60, "versions": {"jaxcrc": "0"}}
    best = {path: float(np.mean(values)) for path, values in draws.items()}
    return Run(problem, draws, prior, {"diverging": np.zeros((4, 15), bool)}, best, dict(WIDTHS), about)


def priors() -> dict:
    return {
        CHI: fitting.Prior(dist.Uniform(-3.0, 0.0), "a <wide> range"),
        DELTA: dist.Uniform(0.0, 1.0),
        WORK: dist.Normal(49.5, 1.0),
        MASS: dist.TruncatedNormal(4.5, 0.25, low=3.0, high=6.0),
    }


@pytest.fixture(scope="module")
def blank() -> fitting.Problem:
    options = fitting.Options(nuclear="none", clouds={"gev": "a", "tev": "a"}, points_per_decade=8)
    return fitting.Problem(scene(), tables(), priors(), options, "Halo & <cloud>", "One paragraph.\n\nAnother.")


def filled(blank: fitting.Problem, simulated: bool) -> fitting.Problem:
    return fitting.Problem(scene(), measured(blank, simulated), priors(), blank.options, blank.title, blank.text)


@pytest.fixture(scope="module")
def mock(blank) -> Run:
    return run_of(filled(blank, True))


@pytest.fixture(scope="module")
def real(blank) -> Run:
    return run_of(filled(blank, False))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def texts(figure: Figure) -> list[str]:
    return [t.get_text() for t in figure.findobj(mpl.text.Text) if t.get_text()]


def figure_of(drawn) -> Figure:
    return drawn if isinstance(drawn, Figure) else np.ravel(np.asarray(drawn, object))[0].figure


def lines(ax, label: str) -> list:
    return [line for line in ax.lines if line.get_label() == label]


# --- numbers behind the pictures


def test_bands_are_quantiles_of_predictions_at_the_draws(mock):
    spread = predictive.observed(mock)["profile"][0]
    draws = mock.flat()
    one = {path: values[7] for path, values in draws.items()}
    assert spread.draws.shape == (60, 2, 6)
    np.testing.assert_allclose(spread.draws[7], mock.problem.predict(one).tables["profile"], rtol=1e-12)
    np.testing.assert_allclose(spread.best, mock.problem.predict(mock.best).tables["profile"], rtol=1e-12)
    np.testing.assert_allclose(spread.truth, mock.problem.predict(TRUTH).tables["profile"], rtol=1e-12)
    np.testing.assert_allclose(spread.quantiles()[2], np.median(spread.draws, axis=0))


def test_truth_is_known_for_simulated_tables_only(mock, real):
    assert predictive.truth_of(mock.problem) == TRUTH
    assert predictive.truth_of(real.problem) == {}
    assert predictive.observed(real)["tev"][0].truth is None


def test_smooth_spectra_pass_through_the_predicted_points(mock):
    curves, seen = predictive.spectra(mock, ["gev", "tev"]), predictive.observed(mock)
    tev = mock.problem.tables["tev"]
    photon, curve = curves["tev"]
    # By hand, without the module's own factor: dN/dE [TeV⁻¹ cm⁻² s⁻¹] times E² [TeV²] in erg.
    points = seen["tev"][0].best[:, 0] * (tev.e_ref / 1e3) ** 2 * 1.602176634
    at = np.exp(np.interp(np.log(tev.e_ref), np.log(photon), np.log(curve.best)))
    np.testing.assert_allclose(at, points, rtol=2e-3)  # interpolated linearly in logarithms
    assert photon[0] < tev.e_ref[0]
    assert photon[-1] > tev.e_ref[-1]


@pytest.mark.slow
def test_each_smooth_spectrum_is_seen_through_its_own_region(mock):
    tev = mock.problem.tables["tev"]
    pair = {"tev": tev, "all": dataclasses.replace(tev, region=Total(), psf=None)}
    options = dataclasses.replace(mock.problem.options, clouds={"tev": "a", "all": "a"})
    problem = fitting.Problem(scene(), pair, priors(), options)
    curves = predictive.spectra(dataclasses.replace(mock, problem=problem), ["tev", "all"], points=12)
    # A circle of 0.15° on a Gaussian cloud of 0.1° with a PSF of 0.06° holds 1 − exp(−r²/2σ²) of the total flux.
    contained = 1.0 - math.exp(-0.5 * 0.15**2 / (0.1**2 + 0.06**2))
    np.testing.assert_allclose(curves["tev"][1].best / curves["all"][1].best, contained, rtol=1e-4)


def test_a_band_of_an_inverse_square_spectrum_gives_its_level(real):
    gev = real.problem.tables["gev"]
    level = 3e-9  # E² dN/dE [GeV cm⁻² s⁻¹]
    flux = level * (1.0 / gev.e_min - 1.0 / gev.e_max)
    np.testing.assert_allclose(flux * predictive.sed_factor(gev), level * ERG_PER_GEV, rtol=1e-12)
    open_band = dataclasses.replace(gev, e_max=np.array([3.0, 10.0, np.inf]))
    assert predictive.sed_factor(open_band)[-1] == pytest.approx(10.0 * ERG_PER_GEV)
    assert predictive.span(open_band) == (1.0, 100.0)


def test_residuals_take_the_error_of_the_models_side(real):
    tev = real.problem.tables["tev"]
    pull = predictive.residuals(tev, tev.value + np.array([[1.0], [-1.0], [1.0], [1.0]]) * tev.error_lo, 0.0)
    np.testing.assert_allclose(pull[:2, 0], [-1.0 / 1.5, 1.0], rtol=1e-12)
    assert np.isnan(pull[3, 0])
    assert tev.is_ul[3, 0]
    wide = predictive.residuals(tev, tev.value - tev.error_lo, 0.1)
    sigma = np.hypot(tev.error_lo, 0.1 * (tev.value - tev.error_lo))
    np.testing.assert_allclose(wide[:3], (tev.error_lo / sigma)[:3], rtol=1e-12)


def test_chi_squared_uses_the_covariance(real):
    profile = real.problem.tables["profile"]
    error = 0.5 * (profile.error_lo + profile.error_hi).ravel()
    covariance = np.outer(error, error) * 0.8 ** np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    gaps = ~profile.measured.ravel()
    correlated = dataclasses.replace(profile, covariance=covariance)
    predicted = 1.1 * profile.value
    keep = ~gaps
    residual = (profile.value - predicted).ravel()[keep]
    expected = residual @ np.linalg.inv(covariance[np.ix_(keep, keep)]) @ residual
    assert predictive.chi_squared(correlated, predicted, 0.0) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("systematic", [0.0, 0.1, 0.4])
def test_correlated_points_feel_their_systematic(real, systematic):
    profile = real.problem.tables["profile"]
    error = 0.5 * (profile.error_lo + profile.error_hi).ravel()
    covariance = np.outer(error, error) * 0.8 ** np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    correlated = dataclasses.replace(profile, covariance=covariance)
    predicted, keep = 1.1 * profile.value, profile.measured.ravel()
    residual = (profile.value - predicted).ravel()[keep]
    total = covariance[np.ix_(keep, keep)] + np.diag((systematic * predicted.ravel()[keep]) ** 2)
    found = predictive.chi_squared(correlated, predicted, systematic)
    assert found == pytest.approx(residual @ np.linalg.inv(total) @ residual, rel=1e-9)
    # The same as the likelihood's: ln p = −χ²/2 − ln det(2πC)/2.
    height = stats.multivariate_normal(cov=total).logpdf(residual)
    assert found == pytest.approx(-2.0 * height - np.linalg.slogdet(2.0 * math.pi * total)[1], rel=1e-9)


def test_a_brightness_through_a_circle_is_drawn_with_its_solid_angle(real):
    tev = real.problem.tables["tev"]
    solid = 4.0 * math.pi * math.sin(0.5 * math.radians(0.15)) ** 2
    per_solid = {"kind": "surface_brightness", "unit": u.Unit("1 / (TeV cm2 s sr)")}
    bright = dataclasses.replace(tev, value=tev.value / solid, **per_solid)
    np.testing.assert_allclose(predictive.sed_factor(bright), predictive.sed_factor(tev) * solid, rtol=1e-12)
    index = dataclasses.replace(tev, kind="photon_index", unit=u.Unit(""), e_min=tev.e_ref, e_max=1.5 * tev.e_ref)
    problem = copy.copy(real.problem)
    problem.tables = {"bright": bright, "slope": index, "profile": real.problem.tables["profile"]}
    run = dataclasses.replace(real, problem=problem)
    assert spectrum_tables(run) == ["bright"]
    assert sections.undrawn_words(run) == [
        "There is no picture of slope: a spectrum of photon index of a region is not an E² dN/dE."
    ]


def test_squared_residuals_of_a_two_piece_normal_follow_chi_squared(real):
    shape = (4, 1)
    parts = {"error_lo": np.ones(shape), "error_hi": np.full(shape, 3.0), "is_ul": np.zeros(shape, bool)}
    tev = dataclasses.replace(real.problem.tables["tev"], confidence=None, **parts)
    rng = np.random.default_rng(2)
    # The likelihood as a density of the value: below the model σ₊ = 3 holds, above it σ₋ = 1, each as likely as wide.
    below, size = rng.random((400, *shape)) < 0.75, np.abs(rng.normal(size=(400, *shape)))
    values = 10.0 + np.where(below, -3.0, 1.0) * size
    found = [predictive.chi_squared(dataclasses.replace(tev, value=v), np.full(shape, 10.0), 0.0) for v in values]
    assert stats.kstest(found, stats.chi2(4).cdf).pvalue > 0.01


def test_misfits_count_points_and_limits(mock):
    found = predictive.misfits(mock)
    assert (found["profile"].points, found["profile"].limits, found["tev"].points) == (11, 1, 3)
    assert found["tev"].exceeded == 0
    for name, fit in found.items():
        spread, _ = predictive.observed(mock)[name]
        own = [predictive.chi_squared(mock.problem.tables[name], p, 0.0) for p in spread.draws]
        assert fit.p_value == pytest.approx(np.mean(stats.chi2.sf(own, fit.points)), rel=1e-9)


def test_densities_agree_with_quadrature(mock):
    radius, above = np.geomspace(3.0, 20.0, 80), (10.0, 1e5)
    around, clouds = predictive.energy_densities(mock, radius, above)
    model = scene().components["halo"]
    unit = 1e9 * 10.0**49.5 / ERG_PER_GEV / CM_PER_PC**3  # [eV cm⁻³] for 10^49.5 erg and a kernel in pc⁻³

    energy = np.geomspace(10.0, 5e6, 20001)
    source = np.asarray(model.source.spectrum(jnp.asarray(energy)))
    kappa = np.asarray(model.medium.kappa(np.sqrt(energy * (energy + 2.0 * 0.93827209))))
    for j in (0, 79):
        integrand = energy * source * np.asarray(burst_point(radius[j], 10.0**1.3, kappa))
        for k, low in enumerate(above):
            keep = energy >= low * (1.0 - 1e-9)
            expected = unit * simpson(integrand[keep], energy[keep])
            assert around["halo"].truth[k, j] == pytest.approx(expected, rel=2e-3)  # 20 energies a decade
    assert clouds["a"][0].truth == pytest.approx(math.hypot(math.tan(math.radians(0.5)) * 1e3, 12.0), rel=1e-9)
    assert around["sea"].best[0, 0] == pytest.approx(predictive.sea_levels(above)[0])


def test_the_sea_above_10_tev_has_its_known_level():
    # 1.13e-3 eV cm⁻³: the usual "1e-3", from the fit to AMS-02 and DAMPE.
    assert predictive.sea_levels([1e4])[0] == pytest.approx(1.13e-3, rel=0.01)


def test_thresholds_follow_the_photons(mock, real):
    assert predictive.thresholds(real.problem) == (10.0, 1e5)
    only = fitting.Problem(
        scene(), {"tev": real.problem.tables["tev"]}, {CHI: dist.Uniform(-3, 0)}, real.problem.options
    )
    assert predictive.thresholds(only) == (1e4,)


# --- figures


def test_profile_has_a_panel_for_each_band_with_truth_and_label(mock):
    axes = mock.plot_profile()
    figure = axes[0].figure
    assert len(axes) == 2
    assert len(figure.axes) == 4
    assert [ax.get_title() for ax in axes] == ["ring <map>: 1 TeV to 3 TeV", "ring <map>: 3 TeV to 10 TeV"]
    spread = predictive.observed(mock)["profile"][0]
    for row, ax in enumerate(axes):
        (truth,) = lines(ax, "truth")
        np.testing.assert_allclose(truth.get_ydata()[::2], spread.truth[row])
        assert "SIMULATED" in [t.get_text() for t in ax.texts]
        assert any(t.get_text().startswith("PSF σ") for t in ax.texts)
        assert len(ax.collections) >= 2  # the two bands
    assert any("upper limit (95 %)" in text for text in texts(figure))
    assert "truth" in texts(figure)
    assert "68 % of the posterior" in texts(figure)


def test_profile_marks_limits_by_arrows_and_residuals_leave_them_out(mock):
    axes = mock.plot_profile()
    arrows = [[t for t in ax.texts if t.get_text() == ""] for ax in axes]
    assert [len(a) for a in arrows] == [0, 1]
    below = axes[0].figure.axes[3]
    pull = next(line for line in below.lines if line.get_marker() == "o").get_ydata()
    assert np.isfinite(pull).sum() == 5
    assert np.isnan(pull).sum() == 1


def test_spectrum_shows_each_table_in_its_colour(mock):
    ax = mock.plot_spectrum()
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert any(text.startswith("GeV cloud (total flux; bands as") for text in legend)
    assert "TeV cloud (circle of 0.15°)" in legend
    assert len(lines(ax, "truth")) == 2
    assert ax.get_ylabel().startswith("E² dN/dE")
    assert ax.figure.axes[1].get_xlabel() == "photon energy [GeV]"
    colours = {line.get_color() for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 20}
    assert len(colours) == 2


def test_drawing_into_given_axes(mock):
    figure, ax = plt.subplots()
    assert mock.plot_spectrum(table="tev", ax=ax) is ax
    assert len(figure.axes) == 1
    figure, grid = plt.subplots(1, 2)
    assert list(mock.plot_profile(ax=grid)) == list(grid)
    figure, ax = plt.subplots()
    assert mock.plot_density(ax) is ax
    assert "10 GeV" in ax.get_title()
    with pytest.raises(ValueError, match="1 axes for 2 panels"):
        mock.plot_profile(ax=ax)


def test_unknown_tables_are_refused_by_name(mock):
    with pytest.raises(ValueError, match="no spectrum named 'profile': it has gev, tev"):
        mock.plot_spectrum("profile")
    with pytest.raises(ValueError, match="no table with annuli named 'tev': it has profile"):
        mock.plot_profile("tev")
    with pytest.raises(ValueError, match="is not free in this fit"):
        mock.plot_corner(["view.distance"])


def test_density_marks_the_cloud_the_sea_and_the_truth(mock):
    axes = mock.plot_density()
    figure = axes[0].figure
    assert [ax.get_title() for ax in axes] == ["cosmic rays above 10 GeV", "cosmic rays above 100 TeV"]
    assert "cloud a" in texts(figure)
    assert "local sea of protons (ams02-dampe)" in texts(figure)
    (level,) = lines(axes[0], "sea")
    assert level.get_ydata()[0] == pytest.approx(predictive.sea_levels([10.0])[0])
    assert len(lines(axes[1], "truth")) == 1


def test_corner_has_priors_map_truth_and_labels(mock):
    figure = mock.plot_corner()
    assert len(figure.axes) == 16
    found = texts(figure)
    assert "log₁₀ χ\n(10 GeV; nava16)" in found
    assert "prior" in found
    assert "truth" in found
    assert "MAP" in found
    diagonal = figure.axes[0]
    assert sorted(line.get_linestyle() for line in diagonal.lines if len(line.get_xdata()) == 2) == ["-", "--"]
    prior = next(line for line in diagonal.lines if len(line.get_xdata()) == 200)
    np.testing.assert_allclose(prior.get_ydata(), 1.0 / 3.0)
    assert len(mock.plot_corner([CHI, DELTA]).axes) == 4


def test_ranks_need_chains(mock):
    figure = plot_rank(mock)
    assert sum(ax.get_visible() for ax in figure.axes) == 4
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert len(heights) == 4 * 20
    assert max(heights) <= 0.97
    unsampled = dataclasses.replace(mock, about={**mock.about, "method": "map", "sampled": False})
    assert any("no chains" in text for text in texts(plot_rank(unsampled)))


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_labels_of_a_corner_keep_off_its_ticks(mock, count):
    figure = mock.plot_corner(mock.problem.paths[:count])
    figure.draw_without_rendering()
    grid = np.array(figure.axes).reshape(count, count)
    for i in range(count):
        below, left = grid[-1, i].xaxis, grid[i, 0].yaxis
        ticks = [t.get_window_extent() for t in below.get_ticklabels() if t.get_text()]
        assert below.label.get_window_extent().y1 <= min(box.y0 for box in ticks)
        assert below.label.get_window_extent().y0 >= 0.0
        if i:
            ticks = [t.get_window_extent() for t in left.get_ticklabels() if t.get_text()]
            assert left.label.get_window_extent().x1 <= min(box.x0 for box in ticks)
            assert left.label.get_window_extent().x0 >= 0.0


@pytest.mark.parametrize("particle", ["electron", "proton"])
def test_electrons_are_not_drawn_against_a_sea_of_protons(mock, particle):
    problem = copy.copy(mock.problem)
    halo = problem.scene.components["halo"]
    kind = type("Source", (type(halo.source),), {"particle": particle})
    source = kind(halo.source.spectrum, halo.source.release, halo.source.shape)
    parts = {"halo": dataclasses.replace(halo, source=source)}
    problem.scene = dataclasses.replace(problem.scene, components=parts)
    run, drawn = dataclasses.replace(mock, problem=problem), particle == "proton"
    moving = {"halo": predictive.Spread(np.ones((5, 3)), np.ones(3), None)}
    assert density._has_level(run, moving) is drawn
    _, ax = plt.subplots()
    density._components(ax, np.array([1.0, 2.0, 3.0]), moving, 2.0 if drawn else None)
    assert bool(lines(ax, "sea")) is drawn
    assert any("sea of protons" in key.get_label() for key in density._keys(run, moving, False)) is drawn


def test_shrinkage_bars_are_ratios_of_widths(mock):
    ax = plot_shrinkage(mock).axes[0]
    widths = [bar.get_width() for bar in ax.patches][4:]
    expected = [np.std(mock.draws[path]) / np.std(mock.prior[path]) for path in mock.problem.paths]
    np.testing.assert_allclose(widths, expected)


def scan(names: list[str], sizes: list[int]) -> xr.Dataset:
    axes = [np.linspace(-1.0, 1.0, n) for n in sizes]
    mesh = np.meshgrid(*axes, indexing="ij")
    density = -0.5 * sum((m - 0.2) ** 2 / 0.1 for m in mesh)
    coords = {name: (name, axis, {"unit": "dex"}) for name, axis in zip(names, axes, strict=True)}
    attrs = {"title": "A scan", "simulated": 1, **{f"held:{name}": 0.2 for name in names}}
    return xr.Dataset({"log_density": (tuple(names), density)}, coords, attrs)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_scans_are_drawn_with_the_map_marked(count, tmp_path):
    dataset = scan(["a.chi", "a.delta", "b.x"][:count], [30, 20, 5][:count])
    figure = plot_scan(dataset)
    ax = figure.axes[0]
    assert ax.get_xlabel().startswith("a.chi")
    (best,) = lines(ax, "MAP")
    assert best.get_xdata()[0] == 0.2
    assert "SIMULATED" in texts(figure)
    assert report.write_scan(dataset, tmp_path / "new").stat().st_size > 5000


def ridge(slope: float, width: float, size: int) -> np.ndarray:
    """ln p [y, x] of a Gaussian ridge along y = slope x, a tenth as wide as long."""
    x, y = np.meshgrid(*[np.linspace(-1.0, 1.0, size)] * 2)
    return -0.5 * (((y - slope * x) / width) ** 2 + ((x + slope * y) / 0.5) ** 2)


@pytest.mark.parametrize("slope", [0.0, 0.37, -0.81, 1.3])
@pytest.mark.parametrize(("width", "coarse"), [(0.3, False), (0.02, True), (0.006, True)])
def test_a_thin_ridge_has_one_contour_and_a_coarse_grid_is_told(slope, width, coarse):
    level = ridge(slope, width, 31)
    axis = np.linspace(-1.0, 1.0, 31)
    level = level - level.max()
    x, _, smooth = scans.refined(axis, axis, level)
    _, islands = label(smooth > scans.LOWEST, np.ones((3, 3)))
    assert islands == 1
    exact = ridge(slope, width, x.size)
    np.testing.assert_allclose(np.maximum(exact - exact.max(), -20.0), np.maximum(smooth, -20.0), atol=1e-6)
    assert scans.is_coarse(level) is coarse


def test_maps_with_holes_stay_as_they_are():
    level = ridge(0.5, 0.3, 9)
    level[0, 0] = -np.inf
    axis = np.linspace(-1.0, 1.0, 9)
    x, _, same = scans.refined(axis, axis, level)
    assert x.size == 9
    assert same[0, 0] == scans.FLOOR
    np.testing.assert_array_equal(same[1:], level[1:])


def test_a_scan_says_what_its_contours_are_conditional_on():
    words = "Conditional: others held at the MAP, log₁₀ W = 49.5."
    figure = plot_scan(scan(["a.chi", "a.delta"], [30, 20]).assign_attrs(conditional=words))
    assert words in "\n".join(texts(figure)).replace("\n", " ")
    assert {"68 %, conditional", "95 %, conditional"} <= set(texts(figure))
    assert not any("too coarse" in text for text in texts(figure))
    assert any("too coarse" in text for text in texts(plot_scan(scan(["a.chi", "a.delta"], [4, 4]))))
    assert "held" in " ".join(texts(plot_scan(scan(["a.chi"], [30]))))


# --- the page


class Page(HTMLParser):
    """Tags that stay open, links, and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.links, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href", "srcset", "action")]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def written(mock, tmp_path_factory) -> tuple[Path, str, Page, list[list[str]]]:
    """Folder, page, parsed page, and all that is written in each figure."""
    folder, found, draw = tmp_path_factory.mktemp("report"), [], report._png
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "_png", lambda drawn: found.append(texts(figure_of(drawn))) or draw(drawn))
        path = mock.report(folder)
    parser = Page()
    parser.feed(path.read_text(encoding="utf-8"))
    return folder, path.read_text(encoding="utf-8"), parser, found


def test_report_writes_its_files_whole(written):
    folder, _, parser, _ = written
    names = {"corner.png", "density.png", "profile.png", "ranks.png", "shrinkage.png", "spectrum.png"}
    assert {path.name for path in folder.iterdir()} == names | {"report.html", "summary.ecsv"}
    assert parser.open == []


def test_page_needs_nothing_from_elsewhere(written):
    _, text, parser, _ = written
    assert len(parser.links) == 6
    assert all(link.startswith("data:image/png;base64,") for link in parser.links)
    bare = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", text)
    assert not re.search(r"https?://|url\(|@import|<script|<link", bare)


def test_page_tells_what_a_reader_needs(written, mock):
    _, text, parser, _ = written
    words = " ".join(parser.text)
    for needed in ("SIMULATED data", "κ_s(10 TeV)", "a <wide> range", "no source given: wide by choice", "nava16",
                   "kafexhiu14-pythia8", "SUPERLUMINAL", "25 %", "lower χ or raise the age", "A paper, 2020", "seed",
                   "fitting.Run.load(", "jaxcrc report", "unknown", "gaussian, sigma 0.1 deg",
                   "Halo & <cloud>", "One paragraph."):  # fmt: skip
        assert needed in words, needed
    (note,) = mock.problem.notes
    assert f"Note: {note}." in words
    assert "<cloud>" not in text
    assert "nan" not in words.replace("nav", "").lower().split()
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_no_chi_without_its_reference(written):
    _, _, parser, _ = written
    found = re.findall(r"χ ?\([^)]*\)", " ".join(parser.text))
    assert found
    assert all(re.search(r"; (nava16|bc18)\)", one) for one in found if "GeV" in one or "TeV" in one)


def test_nothing_says_simulated_about_measured_data(real, tmp_path, monkeypatch):
    found: list[list[str]] = []
    monkeypatch.setattr(report, "_png", lambda drawn: found.append(texts(figure_of(drawn))) or b"")
    assert "SIMULATED" not in real.report(tmp_path).read_text(encoding="utf-8")
    assert len(found) == 6
    assert not any("SIMULATED" in text or text == "truth" for one in found for text in one)


def test_every_figure_of_a_mock_says_so(written):
    found = written[3]
    assert len(found) == 6
    assert all("SIMULATED" in one for one in found)


def test_cells_of_a_narrow_page_bear_the_names_of_their_columns(written):
    _, text, _, _ = written
    rows = re.findall(r"<tr>(.*?)</tr>", re.search(r'<table class="numbers stacked">.*?</table>', text, re.S)[0])
    heads = re.findall(r"<th>(.*?)</th>", rows[0])
    assert len(heads) >= 6
    for row in rows[1:]:
        assert re.findall(r'<td data-head="(.*?)">', row) == heads[1:]
        assert " × 10" not in row  # a number stays on its line: its spaces do not break
    assert "@media (max-width" in text


def test_what_is_extrapolated_stands_last_and_is_called_so(mock):
    summary = mock.summary()
    _, rows = sections.parameter_grid(mock, summary)
    said = [row[0].endswith(", extrapolated") for row in rows]
    assert said == sorted(said)
    assert sum(said) == len(summary.meta["extrapolated"]) > 0


def test_gaussian_draws_are_not_called_the_posterior_in_a_report(mock, tmp_path, monkeypatch):
    found: list[list[str]] = []
    monkeypatch.setattr(report, "_png", lambda drawn: found.append(texts(figure_of(drawn))) or b"")
    told = {**mock.about, "method": "map", "sampled": False, "drop": 11.0, "drop_expected": 1.7}
    dataclasses.replace(mock, about=told).report(tmp_path)
    assert not (tmp_path / "ranks.png").exists()
    assert len(found) == 5
    keys = [text for one in found for text in one if text.startswith("68 %") or "contours" in text]
    assert keys
    assert all("Gaussian around the MAP" in text for text in keys)


def test_summary_is_read_back(written, mock):
    folder = written[0]
    table, own = astropy.table.Table.read(folder / "summary.ecsv"), mock.summary()
    assert table.colnames == own.colnames
    assert list(table["parameter"]) == list(own["parameter"])
    np.testing.assert_array_equal(table["q50"], own["q50"])
    assert {"halo: kappa(10 TeV)", "halo: chi(10 GeV; nava16)", "halo: chi(10 TeV; bc18)"} <= set(table["parameter"])


def test_a_failed_write_leaves_nothing_behind(mock, tmp_path, monkeypatch):
    (tmp_path / "report.html").write_text("old", encoding="utf-8")

    def stop(*_):
        raise OSError("disk full")

    monkeypatch.setattr(words.os, "replace", stop)
    with pytest.raises(OSError, match="disk full"):
        mock.report(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "old"


def test_terminal_table_has_a_row_for_each_quantity(mock):
    table = terminal_table(mock)
    console = Console(width=130, record=True, file=io.StringIO())
    console.print(table)
    text = console.export_text()
    assert table.row_count == 4 + 9 + 1  # beneath a line that says which are extrapolated
    assert "SIMULATED" in text
    assert "log₁₀ M of cloud a [M☉]" in text
    assert "κ_s(10 TeV) [cm² s⁻¹]" in text
    assert "nan" not in text


def test_columns_with_nothing_in_them_are_left_out(mock):
    run = dataclasses.replace(mock, about={**mock.about, "method": "map", "sampled": False})
    heads = [str(column.header) for column in terminal_table(run, 200).columns]
    assert heads == ["parameter", "median", "68 %", "95 %", "MAP", "shrinkage"]
    assert "Gaussian around the MAP" in str(terminal_table(run, 200).title)
    assert "MAP error" in sections.parameter_grid(mock, mock.summary())[0]
    silent = dataclasses.replace(mock, best_errors=dict.fromkeys(WIDTHS, math.nan))
    head, rows = sections.parameter_grid(silent, silent.summary())
    assert "MAP error" not in head
    assert all(len(row) == len(head) for row in rows)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 118, 160])
def test_no_number_is_cut_in_any_terminal(mock, width):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(terminal_table(mock, width))
    text = console.export_text()
    assert max(len(line) for line in text.splitlines()) <= width
    assert not re.search(r"[^ ]…|…[^ ]", text)  # a cut word ends in dots; those of an interval stand alone
    for row in mock.summary():
        assert short(float(row["q50"])) in text
        assert f"{short(float(row['q2.5']))} … {short(float(row['q97.5']))}" in text


# --- words


def test_labels_tell_equal_names_apart(mock):
    names = labels(mock.problem)
    assert names == {
        CHI: "log₁₀ χ (10 GeV; nava16)",
        DELTA: "δ",
        WORK: "log₁₀ W [erg]",
        MASS: "log₁₀ M of cloud a [M☉]",
    }
    assert label_of(mock.problem, "view.distance") == "distance [kpc]"
    assert label_of(mock.problem, CHI) == names[CHI]
    two = Scene({**scene().components, "jet": scene().components["halo"]}, scene().view, {}, UniformGas(density=10.0))
    free = {CHI: dist.Uniform(-3, 0), CHI.replace("halo", "jet"): dist.Uniform(-3, 0), SCALE: dist.LogNormal(0.0, 0.1)}
    problem = fitting.Problem(two, {"tev": mock.problem.tables["tev"]}, free, mock.problem.options)
    found = list(symbols(problem).values())
    assert found == ["log₁₀ χ (10 GeV; nava16), halo", "log₁₀ χ (10 GeV; nava16), jet", "scale of tev"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(1234.5678), "1235"),
        (number(12.345), "12.3"),
        (number(3.16e28), "3.16 × 10²⁸"),
        (number(-2e-7, 2), "−2.0 × 10⁻⁷"),
        (number(math.nan), "unknown"),
        (number(0.0), "0"),
        (short(4.77e27), "4.77e27"),
        (short(-1e-5), "−1e−5"),
        (interval(1.1e28, 9.0e28), "(1.1 to 9) × 10²⁸"),
        (interval(1e25, 9.0e28), "1.00 × 10²⁵ to 9.00 × 10²⁸"),
        (interval(-0.5, 0.25), "−0.5 to 0.25"),
        (with_error(-0.6234, 0.0312), "−0.623 ± 0.031"),
        (with_error(12345.0, 678.0), "12345 ± 678"),
        (with_error(1.5, math.nan), "1.5"),
        (percent(0.0), "0 %"),
        (percent(0.0004), "less than 0.1 %"),
        (percent(0.99995), "more than 99.9 %"),
        (percent(0.275), "27.5 %"),
    ],
)
def test_numbers_read_well(text, expected):
    assert text == expected


def test_words_cannot_break_the_page():
    assert page.grid(["<b>"], [["a & b"]]).count("&") == 3
    assert "<script>" not in page.page("<script>", [page.code("<script>"), page.paragraphs(["<script>"])])


def test_an_upper_limit_keeps_its_quantile(real):
    # The limit that the figures draw is the table's own value; its width in the likelihood is L/z.
    tev = real.problem.tables["tev"]
    width = real.problem.posterior.data["tev"].limit_width[3, 0]
    assert float(width) == pytest.approx(tev.value[3, 0] / ndtri(0.95))
