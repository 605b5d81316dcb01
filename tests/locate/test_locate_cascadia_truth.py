"""Two hours of observed tremor: where another method puts it, so do we.

The places of enveloc 1.2.0 are in enveloc_cascadia_2020.csv, which says how they were made.
"""

import numpy as np
import pytest
from location_scenes import load_benchmark

from tremorflow.geodesy import distances_km
from tremorflow.locate import locate_windows


@pytest.fixture(scope="module")
def cascadia():
    return load_benchmark("cascadia_2020.py")


@pytest.mark.parametrize(("band", "least_common"), [("low", 12), ("high", 12)])
def test_the_windows_that_enveloc_locates_are_located_at_the_same_place(cascadia, band, least_common):
    envelopes = cascadia.read_envelopes(band)
    results = list(locate_windows(envelopes, cascadia.reference_grid(envelopes.network), cascadia.SETTINGS))
    reference = cascadia.read_reference(band)
    assert len(results) == 47
    assert len(reference) >= 13
    distances = []
    for theirs in reference:
        found = results[theirs.window].hypocentres
        if found:
            place = found[0].fit.place
            distances.append(distances_km(place.latitude, place.longitude, theirs.latitude, theirs.longitude))
    assert len(distances) >= least_common
    assert np.median(distances) <= 15.0


def test_the_tremor_lies_under_the_olympic_peninsula_and_puget_sound(cascadia):
    """Where the slow slip of May 2020 was; depth of the plate interface there 30 to 55 km."""
    envelopes = cascadia.read_envelopes("low")
    results = list(locate_windows(envelopes, cascadia.reference_grid(envelopes.network), cascadia.SETTINGS))
    places = [h.fit.place for result in results for h in result.hypocentres]
    latitudes, longitudes = (np.median([getattr(p, n) for p in places]) for n in ("latitude", "longitude"))
    assert distances_km(latitudes, longitudes, 47.96, -123.05) < 20.0  # METHOD.md 4.4: median of enveloc
