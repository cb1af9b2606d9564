"""The report of a run: summary table, figures, and one page that holds them all; a table for the terminal."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import astropy.table
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from fitting.report import html
from fitting.report.clouds import CloudAnswer, CloudRequest, spectra
from fitting.report.figures import (
    plot_along,
    plot_cloud_spectra,
    plot_corner,
    plot_density,
    plot_half_life,
    plot_profile,
    plot_rank,
    plot_scan,
    plot_shrinkage,
    plot_spectrum,
    profile_tables,
    spectrum_tables,
)
from fitting.report.sections import (
    drawn_from,
    making,
    model_facts,
    parameter_grid,
    prior_rows,
    provenance,
    reference_rows,
    undrawn_words,
    validity_rows,
)
from fitting.report.verdict import verdict
from fitting.runs.run import Run
from fitting.runs.stored import PAGE_FILE, SUMMARY_FILE
from fitting.words import whole

if TYPE_CHECKING:
    import xarray as xr

SCAN_FILE, CLOUD_FILE = "scan.png", "half_life.ecsv"
FIGURES: dict[str, tuple[Callable[[Run], Any], str]] = {
    "profile": (
        plot_profile,
        "Radial profile: data, the model at the MAP, and 68 and 95 % of the {draws}. The model is averaged over each "
        "annulus and blurred by the point-spread function, whose width is marked. Beneath: residuals, ±2 σ shaded.",
    ),
    "spectrum": (
        plot_spectrum,
        "Spectrum: data, and the model as each table sees it through its own region. A band is drawn as its flux times "
        "E₁E₂/(E₂ − E₁), data and model alike. Beneath: residuals of the measured points, ±2 σ shaded.",
    ),
    "density": (
        plot_density,
        "Where the cosmic rays are: energy density against the distance from the source; with the level of the local "
        "sea, which is of protons, where protons diffuse.",
    ),
    "shrinkage": (plot_shrinkage, "Width of the {draws} against that of the prior: what the data decided."),
    "corner": (plot_corner, "Draws of the {draws}: free parameters, with their priors and the MAP."),
    "ranks": (plot_rank, "Ranks of each chain's draws among all: level where the chains have mixed."),
}


def write_report(run: Run, folder: str | Path) -> Path:
    """Write `summary.ecsv`, each figure as PNG and a self-contained `report.html`; the path of the page.

    Every file appears whole or not at all.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    summary, text = run.summary(), io.StringIO()
    summary.write(text, format="ascii.ecsv")
    _put(folder / SUMMARY_FILE, text.getvalue().encode("utf-8"))
    missing = {
        "profile": not profile_tables(run),
        "spectrum": not spectrum_tables(run),
        "ranks": not run.sampled,
    }
    pictures = {}
    for name, (draw, caption) in FIGURES.items():
        if not missing.get(name, False):
            png = _png(draw(run))
            _put(folder / f"{name}.png", png)
            pictures[name] = html.picture(png, caption.format(draws=drawn_from(run)))
    parts = _parts(run, summary, pictures, folder)
    return _put(folder / PAGE_FILE, html.page(run.problem.title or "Report", parts).encode("utf-8"))


def write_scan(dataset: xr.Dataset, folder: str | Path) -> Path:
    """Write the map of a scan as PNG into a folder; its path."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return _put(folder / SCAN_FILE, _png(plot_scan(dataset)))


def cloud_files(request: CloudRequest) -> dict[str, Callable[[CloudAnswer], Any] | None]:
    """What `write_cloud` writes: {name of a picture: what draws it}, and the table under its own name."""
    along = {f"along_{e:g}GeV.png": partial(plot_along, index=k) for k, e in enumerate(request.energy)}
    spectral: Callable[[CloudAnswer], Any] = lambda answer: plot_cloud_spectra(answer, spectra(request))  # noqa: E731
    return {CLOUD_FILE: None, "half_life.png": plot_half_life, **along, "spectra.png": spectral}


def write_cloud(answer: CloudAnswer, folder: str | Path) -> Iterator[Path]:
    """Write the table of a cloud and its pictures into a folder; the path of each when it is there."""
    folder, text = Path(folder), io.StringIO()
    answer.table.write(text, format="ascii.ecsv")
    for name, draw in cloud_files(answer.request).items():
        content = text.getvalue().encode("utf-8") if draw is None else _png(draw(answer))
        yield _put(folder / name, content)


def _png(drawn: Any) -> bytes:
    """A figure, or the figure of Axes, as PNG; the figure is closed."""
    figure = drawn if isinstance(drawn, Figure) else np.ravel(np.asarray(drawn, object))[0].figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    plt.close(figure)
    return buffer.getvalue()


def _put(path: Path, content: bytes) -> Path:
    with whole(path) as part:
        part.write_bytes(content)
    return path


def _parts(run: Run, summary: astropy.table.Table, pictures: Mapping[str, str], folder: Path) -> list[str]:
    problem = run.problem
    shown = [pictures[name] for name in ("profile", "spectrum", "density") if name in pictures]
    return [
        html.heading(problem.title or "Report", 1),
        html.banner("SIMULATED data: made by the model itself, not measured.") if problem.simulated else "",
        html.paragraphs(part for part in problem.text.strip().split("\n\n") if part),
        html.paragraphs(f"Note: {note}." for note in problem.notes),
        html.heading("What the data say"),
        html.paragraphs(verdict(run, summary)),
        *shown,
        html.paragraphs(undrawn_words(run)),
        html.heading("Parameters"),
        html.grid(*parameter_grid(run, summary)),
        html.paragraphs([f"Means, standard deviations and all quantiles are in {SUMMARY_FILE}."]),
        html.grid(("χ = κ_s/κ₀", "reference κ₀", "source"), reference_rows(run), "words"),
        *(pictures[name] for name in ("shrinkage", "corner")),
        html.heading("Priors"),
        html.grid(("parameter", "path", "prior", "source"), prior_rows(run), "words"),
        html.heading("Model"),
        html.facts(model_facts(run)),
        html.heading("Validity"),
        html.grid(("flag", "share of the draws", "what it means, and what to do"), validity_rows(run), "words"),
        html.heading("Data"),
        *(html.heading(name, 3) + html.code(provenance(run, name)) for name in problem.tables),
        html.heading("How it was made"),
        html.facts(making(run)),
        pictures.get("ranks", ""),
        html.heading("Open it again"),
        html.paragraphs(["From the folder that the run was saved in:"]),
        html.code(f"import fitting\n\nrun = fitting.Run.load({str(folder)!r})\nrun.summary()"),
        html.code(f"jaxcrc report {folder}"),
    ]
