"""In a fresh kernel every cell that draws a figure shows it, once."""

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow

SETUP = """
import numpy as np, xarray as xr
from fitting.report.figures import plot_scan
x = np.linspace(-1.0, 1.0, 12)
density = -20.0 * (x[:, None] ** 2 + x**2)
data = xr.Dataset({"log_density": (("a", "b"), density)}, {n: (n, x, {"unit": ""}) for n in "ab"}, {"title": "t"})
"""
CELLS = {
    "drawn": ("fig = plot_scan(data)", 1),
    "returned": ("plot_scan(data)", 1),
    "silenced": ("plot_scan(data);", 1),
    "again": ("fig", 1),
    "two": ("one = plot_scan(data)\nplot_scan(data)", 2),
    "axes": ("plot_scan(data).axes[0]", 1),
    "none": ("x.size", 0),
}


def images(cell) -> int:
    return sum("image/png" in output.get("data", {}) for output in cell.outputs)


def test_each_cell_shows_its_figures_once():
    cells = [nbformat.v4.new_code_cell(text) for text in (SETUP, *(text for text, _ in CELLS.values()))]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    found = {name: images(cell) for name, cell in zip(CELLS, notebook.cells[1:], strict=True)}
    assert found == {name: count for name, (_, count) in CELLS.items()}
