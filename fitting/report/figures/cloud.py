"""A cosmic-ray cloud: its half-life against its radius, itself along the tube, and spectra at two distances."""

from __future__ import annotations

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fitting.report.clouds import MOMENTS, TRACK, CloudAnswer, Spectra
from fitting.report.figures.style import CYCLE, DATA, FAINT, Shown, plain_log, style
from fitting.words import energy, number

DASHES = ("-", "--", ":", "-.")
FRACTIONS = {0.25: "¼ t½", 1.0: "t½", 4.0: "4 t½"}


def plot_half_life(answer: CloudAnswer) -> Figure:
    """Half-life against the remnant's radius for each energy, the remnant's own age, and where they cross."""
    with style():
        figure, ax = plt.subplots(FigureClass=Shown, figsize=(6.4, 4.8), layout="constrained")
        for k, e in enumerate(answer.request.energy):
            colour = CYCLE[k % len(CYCLE)]
            ax.loglog(TRACK, answer.curve[:, k], color=colour, label=energy(e), lw=1.8)
            radius, time = float(answer.table["escape_radius"][k]), float(answer.table["escape_time"][k])
            if np.isfinite(radius):
                ax.plot(radius, time, "o", color=colour, ms=7, mec="white", zorder=4)
        age = np.asarray(answer.request.remnant.time(jnp.asarray(TRACK)))
        ax.loglog(TRACK, age, color=DATA, ls="--", lw=1.5, label="age of the remnant")
        ax.axvline(answer.request.radius, color=FAINT, lw=1.0, ls=":", label=f"R = {answer.request.radius:g} pc")
        finite = answer.curve[np.isfinite(answer.curve)]
        ax.set(xlim=(TRACK[0], TRACK[-1]), ylim=(max(0.3 * finite.min(), 1e-4), 3.0 * finite.max()))
        ax.set(xlabel="radius of the remnant [pc]", ylabel="half-life of the cloud [kyr]")
        ax.set_title(f"{_title(answer)}\nprotons leave where their curve meets the age of the remnant")
        plain_log(ax, "x")
        ax.legend()
    return figure


def plot_along(answer: CloudAnswer, index: int) -> Figure:
    """Pressure, gradient, κ/κ₀ and waves along the tube for one energy, at a quarter, one and four half-lives."""
    solution, e = answer.solution, answer.request.energy[index]
    half = float(solution.half_life[index])
    time, edge = np.asarray(solution.time[index]), 2.0 / 3.0 * answer.request.radius
    reach = 1.3 * edge
    with style():
        figure, axes = plt.subplots(2, 2, FigureClass=Shown, figsize=(9.0, 6.6), sharex=True, layout="constrained")
        (pressure, gradient), (chi, waves) = axes
        for k, moment in enumerate(MOMENTS):
            row = int(np.argmin(np.abs(time - moment * half)))
            z, p = np.asarray(solution.z[index, row]), np.asarray(solution.pressure[index, row])
            face, level = np.asarray(solution.z_face[index, row]), np.asarray(solution.waves[index, row])
            colour, label = CYCLE[k], f"{FRACTIONS[moment]} = {number(time[row])} kyr"
            slope = -np.diff(p) / np.diff(z)
            pressure.semilogy(z, np.maximum(p, 1e-30), color=colour, label=label)
            gradient.semilogy(face[1:-1], np.maximum(slope, 1e-30), color=colour)
            chi.semilogy(face, np.asarray(solution.chi[index, row]), color=colour)
            waves.semilogy(face, level, color=colour)
            touched = face[level > 1.05 * level[-1]]
            reach = max(reach, 1.3 * touched.max() if touched.size else 0.0, z[p > 0.02 * p.max()].max())
            for ax, y in ((pressure, p), (gradient, slope)):
                top = max(ax.get_ylim()[1] if k else 0.0, 2.0 * y.max())
                ax.set_ylim(3e-5 * top, top)
        background = float(solution.waves[index, 0, -1])
        waves.axhline(background, color=FAINT, ls="--", lw=1.0)
        waves.set_ylim(bottom=0.3 * background)
        waves.text(0.98, background, "background I₀", fontsize=8.5, va="top", ha="right", color=FAINT,
                   transform=waves.get_yaxis_transform())  # fmt: skip
        for ax in axes.flat:
            ax.axvspan(0.2 * edge, edge, color=FAINT, alpha=0.12, lw=0)
            ax.set(xscale="log", xlim=(0.2 * edge, reach))
            plain_log(ax, "x")
            plain_log(ax, "y")
        pressure.set(ylabel="P per ln p  [B²/8π]", title="pressure (shaded: |z| < a = 2R/3)")
        gradient.set(ylabel="−∂P/∂z  [B²/8π pc⁻¹]", title="gradient")
        chi.set(ylabel="κ/κ₀", title="diffusion coefficient", xlabel="distance along the tube [pc]")
        waves.set(ylabel="I per ln k  [B²/8π]", title="waves", xlabel="distance along the tube [pc]")
        pressure.legend()
        figure.suptitle(f"{_title(answer)}, R = {answer.request.radius:g} pc, {energy(e)}")
    return figure


def plot_cloud_spectra(answer: CloudAnswer, seen: Spectra) -> Figure:
    """E² n and κ against energy at two distances and three ages, each energy released at its own time."""
    distances = answer.request.distance
    with style():
        figure, (left, right) = plt.subplots(1, 2, FigureClass=Shown, figsize=(10.0, 4.6), layout="constrained")
        for i in range(len(seen.ages)):
            for j in range(len(distances)):
                look = {"color": CYCLE[i], "ls": DASHES[j], "lw": 1.7}
                left.loglog(seen.energy, seen.density[i, j], **look)
                right.loglog(seen.energy, seen.kappa0 * seen.chi[i, j], **look)
        right.loglog(seen.energy, seen.kappa0, color=FAINT, lw=1.2)
        right.annotate("κ₀", (seen.energy[-1], seen.kappa0[-1]), color=FAINT, ha="right", va="bottom")
        shown = seen.density[np.isfinite(seen.density)]
        if shown.size:
            left.set_ylim(max(0.3 * shown.min(), 1e-4 * shown.max()), 3.0 * shown.max())
        left.set(xlabel="total energy [GeV]", ylabel="E² n  [GeV cm⁻³]", title="protons in the tube")
        right.set(xlabel="total energy [GeV]", ylabel="κ  [pc² kyr⁻¹]", title="diffusion coefficient")
        if np.any(np.isnan(seen.density[-1, 0])):
            left.text(0.5, 0.02, "gaps: half-life and age do not cross there", transform=left.transAxes, ha="center",
                      fontsize=8.5, color=FAINT)  # fmt: skip
        keys = [Line2D([], [], color=CYCLE[i], label=f"{number(age)} kyr") for i, age in enumerate(seen.ages)]
        keys += [
            Line2D([], [], color=DATA, ls=DASHES[j % len(DASHES)], label=f"at {d:g} pc")
            for j, d in enumerate(distances)
        ]
        figure.legend(handles=keys, loc="outside lower center", ncols=len(keys))
        figure.suptitle(f"{_title(answer)}: each energy released when its half-life equals the remnant's age")
    return figure


def _title(answer: CloudAnswer) -> str:
    options = answer.request.options
    growth = f", g = {options['growth_factor']:g}" if options.get("growth_factor", 1.0) != 1.0 else ""
    still = "" if options.get("advection", True) else ", no advection"
    return f"{answer.request.phase.upper()}{growth}{still}"
