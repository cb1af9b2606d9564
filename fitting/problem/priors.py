"""Priors: {path: distribution}, read from a case or given in Python, checked against the model's range."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpyro.distributions as dist
from jax import Array
from numpyro.distributions.transforms import AffineTransform, ComposeTransform, ExpTransform, Transform, biject_to

from jaxcrc.scene import Scene, describe


@dataclass(frozen=True)
class Prior:
    """A distribution, and where it comes from."""

    distribution: dist.Distribution
    source: str = ""


class PriorError(ValueError):
    """A prior that cannot be used, with the remedy."""


class Law(eqx.Module):
    """A named distribution as compiled programs carry it: its numbers in an order that never changes.

    NumPyro flattens a distribution in the order of a set, another one in each process, which no compilation cache
    would recognise.
    """

    kind: str = eqx.field(static=True)
    numbers: tuple[Array | None, ...]

    def distribution(self) -> dist.Distribution:
        """The distribution itself."""
        return KINDS[self.kind](*self.numbers)


Number = float | Array | None


def _truncated(mean: Number, sd: Number, low: Number = None, high: Number = None) -> dist.Distribution:
    return dist.TruncatedNormal(mean, sd, **{k: v for k, v in (("low", low), ("high", high)) if v is not None})


KINDS: dict[str, Callable[..., dist.Distribution]] = {
    "uniform": lambda low, high: dist.Uniform(low, high),
    "normal": lambda mean, sd: dist.Normal(mean, sd),
    "truncated-normal": _truncated,
    "log-normal": lambda median, sigma: dist.LogNormal(jnp.log(median), sigma),
    "half-normal": lambda sd: dist.HalfNormal(sd),
}
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "uniform": ("low", "high"),
    "normal": ("mean", "sd"),
    "truncated-normal": ("mean", "sd", "low", "high"),
    "log-normal": ("median", "sigma"),
    "half-normal": ("sd",),
}


def suggest(name: str, known: Mapping[str, Any] | tuple[str, ...] | list[str]) -> str:
    """'did you mean …?' or the list of what is known."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"


def make(spec: Mapping[str, Any]) -> Prior:
    """A prior from a table such as {dist = "normal", mean = 0.3, sd = 0.1, source = "paper"}.

    Errors: PriorError for an unknown distribution, a missing or unknown argument, or values that make no distribution.
    """
    given = dict(spec)
    kind, source = str(given.pop("dist", "")), str(given.pop("source", ""))
    if kind not in KINDS:
        raise PriorError(f"unknown distribution '{kind}': {suggest(kind, KINDS)}")
    for name, value in given.items():
        if name not in ARGUMENTS[kind]:
            raise PriorError(f"'{name}' is no argument of '{kind}': {suggest(name, ARGUMENTS[kind])}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PriorError(f"{name} = {value!r} is not a number")
    _check_numbers(kind, given)
    return Prior(_law(kind, given).distribution(), source)


def _check_numbers(kind: str, given: Mapping[str, float]) -> None:
    needed = [name for name in ARGUMENTS[kind] if kind != "truncated-normal" or name in ("mean", "sd")]
    if any(name not in given for name in needed):
        raise PriorError(f"'{kind}' needs {', '.join(ARGUMENTS[kind])}")
    if kind == "truncated-normal" and not {"low", "high"} & set(given):
        raise PriorError("give low, high or both, or use dist = 'normal'")
    if "low" in given and "high" in given and not given["low"] < given["high"]:
        raise PriorError(f"low = {given['low']} is not below high = {given['high']}: swap them")
    for name in ("sd", "sigma", "median"):
        if name in given and not given[name] > 0:
            raise PriorError(f"{name} = {given[name]} must be positive")


def _law(kind: str, given: Mapping[str, float]) -> Law:
    return Law(kind, tuple(jnp.asarray(given[n], float) if n in given else None for n in ARGUMENTS[kind]))


def law(prior: Prior) -> Law | dist.Distribution:
    """The prior as compiled programs carry it; a distribution without a name in case files as it is."""
    try:
        spec = spec_of(prior)
    except PriorError:
        return prior.distribution
    return _law(spec["dist"], spec)


def bounds(distribution: dist.Distribution) -> tuple[float, float]:
    """Lowest and highest value that the distribution allows."""
    support = distribution.support
    low = getattr(support, "lower_bound", None)
    high = getattr(support, "upper_bound", None)
    return (-jnp.inf if low is None else float(low)), (jnp.inf if high is None else float(high))


def check(scene: Scene, path: str, distribution: dist.Distribution) -> None:
    """Errors: PriorError when the path does not exist or the prior reaches where the model does not hold."""
    try:
        about = describe(scene, path)
    except ValueError as error:
        raise PriorError(str(error)) from None
    low, high = bounds(distribution)
    least, most = about.get("low", -jnp.inf), about.get("high", jnp.inf)
    if low < least or high > most:
        raise PriorError(
            f"the prior of {path} reaches [{low:g}, {high:g}] but the model holds in [{least:g}, {most:g}] "
            f"{about.get('unit', '')}: narrow it, or use dist = 'truncated-normal'"
        )


def transform(distribution: dist.Distribution) -> Transform:
    """A bijection from the real line to the distribution's support, in which the prior has about unit width."""
    if isinstance(distribution, dist.Normal):
        return AffineTransform(distribution.loc, distribution.scale)
    if isinstance(distribution, dist.LogNormal):
        return ComposeTransform([AffineTransform(distribution.loc, distribution.scale), ExpTransform()])
    return biject_to(distribution.support)


def spec_of(prior: Prior) -> dict[str, Any]:
    """The table that `make` turns into the same prior. Errors: PriorError for one without a name in case files."""
    d = prior.distribution
    base = getattr(d, "base_dist", d)
    low, high = bounds(d)
    if isinstance(d, dist.Uniform):
        spec: dict[str, Any] = {"dist": "uniform", "low": low, "high": high}
    elif isinstance(d, dist.LogNormal):
        spec = {"dist": "log-normal", "median": float(jnp.exp(d.loc)), "sigma": float(d.scale)}
    elif isinstance(d, dist.HalfNormal):
        spec = {"dist": "half-normal", "sd": float(d.scale)}
    elif isinstance(d, dist.Normal):
        spec = {"dist": "normal", "mean": float(d.loc), "sd": float(d.scale)}
    elif isinstance(base, dist.Normal):
        spec = {"dist": "truncated-normal", "mean": float(base.loc), "sd": float(base.scale)}
        spec |= {name: edge for name, edge in (("low", low), ("high", high)) if abs(edge) < float("inf")}
    else:
        raise PriorError(f"a case file has no name for {type(d).__name__}: use {', '.join(KINDS)}")
    return {**spec, "source": prior.source} if prior.source else spec
