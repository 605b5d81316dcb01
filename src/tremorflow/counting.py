"""Counts out of others, with what chance may have done to them."""

from dataclasses import dataclass

import numpy as np

Z_95 = 1.959963984540054  # of the normal distribution


@dataclass(frozen=True, slots=True)
class Fraction:
    """A count out of another, with its 95 % Wilson interval; NaN where there is nothing to count."""

    hits: int
    of: int
    value: float
    low: float
    high: float


def fraction(hits: int, of: int) -> Fraction:
    """Share of ``hits`` in ``of`` with its 95 % Wilson score interval."""
    if of == 0:
        return Fraction(hits, of, float("nan"), float("nan"), float("nan"))
    share = hits / of
    centre = (share + Z_95**2 / (2 * of)) / (1 + Z_95**2 / of)
    half = Z_95 / (1 + Z_95**2 / of) * np.sqrt(share * (1 - share) / of + Z_95**2 / (4 * of**2))
    # rounding may leave the bound a hair inside of 0 or 1, where it is exact
    low = 0.0 if hits == 0 else float(centre - half)
    high = 1.0 if hits == of else float(centre + half)
    return Fraction(hits, of, share, low, high)
