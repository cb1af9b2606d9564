"""Priors: {path: distribution}, read from a case or given in Python, checked against the model's range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpyro.distributions as dist
from jax import Array
from numpyro.distributions.transforms import AffineTransform, ComposeTransform, ExpTransform, Transform, biject_to

from fitting.words import suggest
from jaxcrc.scene import Scene, describe

Number = float | Array | None


@dataclass(frozen=True)
class Prior:
    """A distribution, and where it comes from."""

    distribution: dist.Distribution
    source: str = ""


class PriorError(ValueError):
    """A prior that cannot be used, with the remedy."""


@dataclass(frozen=True)
class Family:
    """A kind of prior that a case file names: its arguments, and the ways between them and a distribution.

    build — from the arguments, in order (None for one that is left out); read — the arguments of a distribution of this
    family, which needs a quantile function (`icdf`) for the unit cube; mapping — from the real line to the support,
    where the prior then has about unit width; optional — arguments of which at least one is needed; positive — those
    that must be.
    """

    arguments: tuple[str, ...]
    build: Callable[..., dist.Distribution]
    read: Callable[[Any], dict[str, float]]
    recognises: Callable[[dist.Distribution], bool]
    mapping: Callable[[Any], Transform] = lambda d: biject_to(d.support)
    optional: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()


def _truncated(mean: Number, sd: Number, low: Number = None, high: Number = None) -> dist.Distribution:
    return dist.TruncatedNormal(mean, sd, **{k: v for k, v in (("low", low), ("high", high)) if v is not None})


def _read_truncated(d: Any) -> dict[str, float]:
    ends = {name: edge for name, edge in zip(("low", "high"), bounds(d), strict=True) if abs(edge) < float("inf")}
    return {"mean": float(d.base_dist.loc), "sd": float(d.base_dist.scale), **ends}


def _affine(d: dist.Normal | dist.LogNormal) -> AffineTransform:
    return AffineTransform(d.loc, d.scale)


FAMILIES: dict[str, Family] = {
    "uniform": Family(
        ("low", "high"),
        lambda low, high: dist.Uniform(low, high),
        lambda d: {"low": float(d.low), "high": float(d.high)},
        lambda d: isinstance(d, dist.Uniform),
    ),
    "normal": Family(
        ("mean", "sd"),
        lambda mean, sd: dist.Normal(mean, sd),
        lambda d: {"mean": float(d.loc), "sd": float(d.scale)},
        lambda d: isinstance(d, dist.Normal),
        _affine,
        positive=("sd",),
    ),
    "truncated-normal": Family(
        ("mean", "sd", "low", "high"),
        _truncated,
        _read_truncated,
        lambda d: isinstance(getattr(d, "base_dist", None), dist.Normal) and not isinstance(d, dist.LogNormal),
        optional=("low", "high"),
        positive=("sd",),
    ),
    "log-normal": Family(
        ("median", "sigma"),
        lambda median, sigma: dist.LogNormal(jnp.log(median), sigma),
        lambda d: {"median": float(jnp.exp(d.loc)), "sigma": float(d.scale)},
        lambda d: isinstance(d, dist.LogNormal),
        lambda d: ComposeTransform([_affine(d), ExpTransform()]),
        positive=("median", "sigma"),
    ),
    "half-normal": Family(
        ("sd",),
        lambda sd: dist.HalfNormal(sd),
        lambda d: {"sd": float(d.scale)},
        lambda d: isinstance(d, dist.HalfNormal),
        positive=("sd",),
    ),
}
"""What a case file may name; a new family is one row."""
WIDTHS = ("sd", "sigma")
"""Arguments that are no place on the parameter's axis."""


class Law(eqx.Module):
    """A named distribution as compiled programs carry it: its numbers in an order that never changes.

    NumPyro flattens a distribution in the order of a set, another one in each process, which no compilation cache
    would recognise.
    """

    kind: str = eqx.field(static=True)
    numbers: tuple[Array | None, ...]

    def distribution(self) -> dist.Distribution:
        """The distribution itself."""
        return FAMILIES[self.kind].build(*self.numbers)


def make(spec: Mapping[str, Any]) -> Prior:
    """A prior from a table such as {dist = "normal", mean = 0.3, sd = 0.1, source = "paper"}.

    Errors: PriorError for an unknown distribution, a missing or unknown argument, or values that make no distribution.
    """
    given = dict(spec)
    kind, source = str(given.pop("dist", "")), str(given.pop("source", ""))
    if kind not in FAMILIES:
        raise PriorError(f"unknown distribution '{kind}': {suggest(kind, FAMILIES)}")
    for name, value in given.items():
        if name not in FAMILIES[kind].arguments:
            raise PriorError(f"'{name}' is no argument of '{kind}': {suggest(name, FAMILIES[kind].arguments)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PriorError(f"{name} = {value!r} is not a number")
    _check_numbers(kind, given)
    return Prior(_law(kind, given).distribution(), source)


def _check_numbers(kind: str, given: Mapping[str, float]) -> None:
    family = FAMILIES[kind]
    if any(name not in given for name in family.arguments if name not in family.optional):
        raise PriorError(f"'{kind}' needs {', '.join(family.arguments)}")
    if family.optional and not set(family.optional) & set(given):
        raise PriorError(f"'{kind}' needs {' or '.join(family.optional)}, or both")
    if "low" in given and "high" in given and not given["low"] < given["high"]:
        raise PriorError(f"low = {given['low']} is not below high = {given['high']}: swap them")
    for name in family.positive:
        if name in given and not given[name] > 0:
            raise PriorError(f"{name} = {given[name]} must be positive")


def _law(kind: str, given: Mapping[str, float]) -> Law:
    numbers = (jnp.asarray(given[n], float) if n in given else None for n in FAMILIES[kind].arguments)
    return Law(kind, tuple(numbers))


def family_of(distribution: dist.Distribution) -> str | None:
    """The name of a distribution's family; None where a case file has none for it."""
    return next((name for name, family in FAMILIES.items() if family.recognises(distribution)), None)


def law(prior: Prior) -> Law | dist.Distribution:
    """The prior as compiled programs carry it; a distribution without a name in case files as it is."""
    kind = family_of(prior.distribution)
    return prior.distribution if kind is None else _law(kind, FAMILIES[kind].read(prior.distribution))


def spec_of(prior: Prior) -> dict[str, Any]:
    """The table that `make` turns into the same prior. Errors: PriorError for one without a name in case files."""
    kind = family_of(prior.distribution)
    if kind is None:
        name = type(prior.distribution).__name__
        raise PriorError(f"a case file has no name for {name}: use {', '.join(FAMILIES)}")
    spec = {"dist": kind, **FAMILIES[kind].read(prior.distribution)}
    return {**spec, "source": prior.source} if prior.source else spec


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


def check_quantile(path: str, distribution: dist.Distribution) -> None:
    """Errors: PriorError for a prior without a quantile function, which the unit cube needs."""
    try:
        distribution.icdf(jnp.asarray(0.5))
    except (ImportError, NotImplementedError, AttributeError):
        name = type(distribution).__name__
        raise PriorError(f"the prior of {path}, a {name}, has no quantile: use {', '.join(FAMILIES)}") from None


def transform(distribution: dist.Distribution) -> Transform:
    """A bijection from the real line to the distribution's support, in which the prior has about unit width."""
    kind = family_of(distribution)
    return biject_to(distribution.support) if kind is None else FAMILIES[kind].mapping(distribution)
