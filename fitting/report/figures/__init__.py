"""Figures of a run: the one place where matplotlib is used."""

from fitting.report.figures.cloud import plot_along as plot_along
from fitting.report.figures.cloud import plot_cloud_spectra as plot_cloud_spectra
from fitting.report.figures.cloud import plot_half_life as plot_half_life
from fitting.report.figures.density import plot_density as plot_density
from fitting.report.figures.posterior import plot_corner as plot_corner
from fitting.report.figures.posterior import plot_rank as plot_rank
from fitting.report.figures.posterior import plot_shrinkage as plot_shrinkage
from fitting.report.figures.profile import plot_profile as plot_profile
from fitting.report.figures.profile import profile_tables as profile_tables
from fitting.report.figures.scan import plot_scan as plot_scan
from fitting.report.figures.spectrum import plot_spectrum as plot_spectrum
from fitting.report.figures.spectrum import spectrum_tables as spectrum_tables
