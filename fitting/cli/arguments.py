"""Arguments that several commands take, and the numbers they may be."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

LARGEST_SEED = 2**63 - 1


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are one sentence, as all others are."""

    def error(self, message: str) -> Any:
        """Errors: ValueError, which the command line turns into its sentence and exit code."""
        raise ValueError(f"{message}: see `{self.prog} --help`")


def whole(low: int, high: int) -> Callable[[str], int]:
    """What reads a whole number of a range."""

    def read(text: str) -> int:
        if not text.lstrip("-").isdecimal() or len(text) > 30 or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"'{text}' is no whole number of at least {low} and at most {high}")
        return int(text)

    return read


def number(low: float = -math.inf, above: bool = False) -> Callable[[str], float]:
    """What reads a finite number that is at least `low`, or above it."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is no number") from None
        if not math.isfinite(value) or value < low or (above and value == low):
            limit = "" if math.isinf(low) else f" {'above' if above else 'of at least'} {low:g}"
            raise argparse.ArgumentTypeError(f"'{text}' is no finite number{limit}")
        return value

    return read


def assigned(texts: Sequence[str], form: str) -> Mapping[str, str]:
    """{path: what follows the =} of texts PATH=…. Errors: ValueError for a path that is given twice, or no text."""
    found: dict[str, str] = {}
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise ValueError(f"cannot read '{text}': write {form}")
        if path in found:
            raise ValueError(f"{path} is given twice: drop one of the two")
        found[path] = value
    return found


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
    parser.add_argument(
        "--seed", type=whole(0, LARGEST_SEED), default=0, help="of all random numbers, from 0 on (default: 0)"
    )
