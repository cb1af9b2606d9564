"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_out(parser: argparse.ArgumentParser, required: bool) -> None:
    """Where to write, and whether over what is there."""
    parser.add_argument("--out", type=Path, required=required, help="folder for everything that is written")
    parser.add_argument("--overwrite", action="store_true", help="replace what the folder holds")


def add_set(parser: argparse.ArgumentParser) -> None:
    """Values of parameters."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="a parameter's value; may be repeated"
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    """The seed of all random numbers."""
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers (default: 0)")
