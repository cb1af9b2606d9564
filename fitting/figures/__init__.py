"""Figures of a run: the one place where matplotlib is used."""

from fitting.figures.cloud import plot_along as plot_along
from fitting.figures.cloud import plot_cloud_spectra as plot_cloud_spectra
from fitting.figures.cloud import plot_half_life as plot_half_life
from fitting.figures.density import plot_density as plot_density
from fitting.figures.posterior import plot_corner as plot_corner
from fitting.figures.posterior import plot_rank as plot_rank
from fitting.figures.posterior import plot_shrinkage as plot_shrinkage
from fitting.figures.profile import plot_profile as plot_profile
from fitting.figures.profile import profile_tables as profile_tables
from fitting.figures.scan import plot_scan as plot_scan
from fitting.figures.spectrum import plot_spectrum as plot_spectrum
from fitting.figures.spectrum import spectrum_tables as spectrum_tables
