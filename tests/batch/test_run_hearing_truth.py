"""How stations hear in a run: of all its hours, only with site terms and ground motion; kept beside it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tremorflow.associate import Hearing
from tremorflow.batch.hearing import hearing_of, noise_of, read_hearing, write_hearing
from tremorflow.energy import EnergySettings, measure_noise, typical_noise
from tremorflow.errors import DataError
from tremorflow.records import Envelopes, Network, Probabilities, Station, timedelta, utc
from tremorflow.settings import Settings

START = utc("2024-03-01T00:00:00Z")
HOURS = 5
SITES = (2.0, 8.0, np.nan, 20.0)
NOISE_M_S = np.array([1e-8, 1e-8, 3e-8, 1e-7])


def network(sites: tuple[float, ...] = SITES) -> Network:
    return Network(tuple(Station("N", f"0{k}", 38.0 + k, 142.0, -2000.0, one) for k, one in enumerate(sites)))


class Recorded:
    """A source of noise; in one hour a storm of ten times the noise, in one nothing was recorded."""

    def __init__(self, sites: tuple[float, ...] = SITES, unit: str = "m/s") -> None:
        self.network, self.unit = network(sites), unit
        self.span = START, START + timedelta(HOURS * 3600.0)
        rng = np.random.default_rng(6)
        shape = (len(sites), 3, HOURS * 3600)
        self.values = NOISE_M_S[:, None, None] * np.sqrt(rng.gamma(4.0, 0.25, shape) / 3)
        self.values[:, :, 3600:7200] *= 10
        self.values[:, :, 7200:10800] = np.nan

    def has_recordings(self, begin: np.datetime64, end: np.datetime64) -> bool:
        return True

    def read_all(self, begin: np.datetime64, end: np.datetime64) -> Envelopes:
        first, last = (int((time - START) / np.timedelta64(1, "s")) for time in (begin, end))
        return Envelopes(
            self.network, ("H1", "H2", "V"), self.values[:, :, first:last], begin, 1.0, (2.0, 8.0), self.unit
        )

    def probabilities(self) -> Probabilities:
        count = len(self.network)
        starts = START + np.arange(200) * timedelta(60.0)
        values = np.full((count, 3, 200), 0.001, dtype=np.float32)
        recorded, instruments = np.ones((count, 200), np.float32), (("", "HH"),) * count
        return Probabilities(self.network, values, recorded, starts, 120.0, instruments, "-", 0.9)


def test_noise_is_that_of_the_middle_hour():
    found = noise_of(Recorded(), Settings())
    np.testing.assert_allclose(found, NOISE_M_S, rtol=0.1)  # neither the storm nor the gap counts


def test_sensitivity_follows_from_site_and_noise():
    found = hearing_of(Recorded(), Settings())
    expected = np.array(SITES) / NOISE_M_S  # that of the fourth is the middle one of the three
    np.testing.assert_allclose(found.sensitivity[[0, 1, 3]], expected[[0, 1, 3]] / 2e8, rtol=0.15)
    assert found.sensitivity[2] == 1.0


def test_without_site_terms_or_ground_motion_stations_are_alike():
    for source in (Recorded((np.nan,) * 4), Recorded(unit="count")):
        assert noise_of(source, Settings()) is None
        np.testing.assert_array_equal(hearing_of(source, Settings()).sensitivity, 1.0)


def test_a_dead_station_has_no_noise_and_the_others_theirs():
    source = Recorded()
    source.values[1] = np.nan
    found = typical_noise([measure_noise(source.read_all(*source.span), EnergySettings())])
    assert np.isnan(found[1])
    assert np.isfinite(found[[0, 2, 3]]).all()


def test_what_is_written_is_read_back(tmp_path):
    hearing = Hearing(np.array([1.0, 2.5, 0.3, 1.0]), np.array([-8.0, -7.5, -6.0, -9.0]), np.full(4, 1.25))
    write_hearing(tmp_path, network(), hearing)
    found = read_hearing(tmp_path, network())
    for name in ("sensitivity", "silent", "spread"):
        np.testing.assert_allclose(getattr(found, name), getattr(hearing, name), rtol=1e-5)


@pytest.mark.parametrize(
    "text", [None, "", "network,station\nN,00\n", "network,station,sensitivity\nN,00,x\n"]
)
def test_a_table_that_does_not_serve_says_run_again(tmp_path, text):
    if text is not None:
        (tmp_path / "hearing.csv").write_text(text)
    with pytest.raises(DataError, match="run again"):
        read_hearing(tmp_path, network())


def test_a_table_of_other_stations_says_so(tmp_path):
    hearing = Hearing(np.ones(4), np.full(4, -8.0), np.ones(4))
    write_hearing(tmp_path, network(), hearing)
    others = Network(tuple(replace(one, station=f"X{one.station}") for one in network().stations))
    with pytest.raises(DataError, match="other stations"):
        read_hearing(tmp_path, others)


def test_a_run_writes_it(snet_run):
    table = pd.read_csv(snet_run / "out" / "hearing.csv", dtype={"station": str})
    assert len(table) == 28
    assert ((table["silent"] > -10) & (table["silent"] < -3)).all()
