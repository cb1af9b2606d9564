"""Priors: {path: distribution}, read from a case or given in Python, checked against the model's range."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpyro.distributions as dist
from numpyro.distributions.transforms import AffineTransform, ComposeTransform, ExpTransform, Transform, biject_to

from jaxcrc.scene import Scene, describe


@dataclass(frozen=True)
class Prior:
    """A distribution, and where it comes from."""

    distribution: dist.Distribution
    source: str = ""


class PriorError(ValueError):
    """A prior that cannot be used, with the remedy."""


def _uniform(low: float, high: float) -> dist.Distribution:
    if not low < high:
        raise PriorError(f"low = {low} is not below high = {high}: swap them")
    return dist.Uniform(jnp.asarray(low, float), jnp.asarray(high, float))


def _positive(name: str, value: float) -> float:
    if not value > 0:
        raise PriorError(f"{name} = {value} must be positive")
    return jnp.asarray(value, float)


def _truncated(mean: float, sd: float, low: float | None = None, high: float | None = None) -> dist.Distribution:
    if low is None and high is None:
        raise PriorError("give low, high or both, or use dist = 'normal'")
    if low is not None and high is not None and not low < high:
        raise PriorError(f"low = {low} is not below high = {high}: swap them")
    bounds = {k: jnp.asarray(v, float) for k, v in (("low", low), ("high", high)) if v is not None}
    return dist.TruncatedNormal(jnp.asarray(mean, float), _positive("sd", sd), **bounds)


KINDS: dict[str, Callable[..., dist.Distribution]] = {
    "uniform": _uniform,
    "normal": lambda mean, sd: dist.Normal(jnp.asarray(mean, float), _positive("sd", sd)),
    "truncated-normal": _truncated,
    "log-normal": lambda median, sigma: dist.LogNormal(jnp.log(_positive("median", median)), _positive("sigma", sigma)),
    "half-normal": lambda sd: dist.HalfNormal(_positive("sd", sd)),
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
    try:
        return Prior(KINDS[kind](**given), source)
    except TypeError:
        raise PriorError(f"'{kind}' needs {', '.join(ARGUMENTS[kind])}") from None


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
