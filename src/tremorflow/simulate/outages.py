"""Outages: stations that are dead, drop out, lose components, or have a wrong clock, polarity or attitude."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from tremorflow.errors import SettingsError
from tremorflow.options import option, settings_class
from tremorflow.records import Network
from tremorflow.simulate.instrument import MISSING, InstrumentSettings
from tremorflow.simulate.scene import SampleGrid
from tremorflow.simulate.streams import generator
from tremorflow.truth import truth_table

Kind = Literal["dead", "dropout", "one_component", "clock", "polarity", "orientation"]

VALUED = ("clock", "orientation")
DROPOUT_S = (1.0, 600.0)  # from a lost packet to a recorder that starts again


MAX_CLOCK_S = 300.0  # half a tile: what is recorded then lies in the neighbouring tiles


@settings_class
class OutageSettings:
    """One planned outage of some stations."""

    kind: Kind = option("dead", unit="-", reason="the plainest outage: nothing is recorded")
    stations: tuple[str, ...] = option(
        (), unit="-", reason="codes NETWORK.STATION; empty: the stations are drawn, see share"
    )
    share: float = option(
        0.5,
        unit="-",
        reason="chance of every station to be hit, if stations is empty; half of the network is the test of "
        "issue 3",
        gt=0,
        le=1,
    )
    start_s: float = option(0.0, unit="s", reason="since the start of the scenario", ge=0)
    duration_s: float | None = option(None, unit="s", reason="left out: until the end", gt=0)
    components: tuple[str, ...] = option(
        (),
        unit="-",
        reason="that are hit, E, N, Z or X, Y, Z; empty: all, of one_component all but the last (vertical)",
    )
    value: float = option(
        0.0, unit="s or deg", reason="of a clock how late it is, of an orientation its angle; else 0"
    )

    def __post_init__(self) -> None:
        """Refuse a clock or orientation without error, and a value that nothing would use."""
        if self.kind == "clock" and abs(self.value) > MAX_CLOCK_S:
            raise ValueError(f"value = {self.value} s: a clock may be wrong by {MAX_CLOCK_S:g} s at most")
        if (self.kind in VALUED) != (self.value != 0):
            raise ValueError(
                f"value = {self.value} does not fit kind = {self.kind!r}: {' and '.join(VALUED)} need "
                "one that is not 0, the others none"
            )
        if self.components and self.kind in VALUED:
            raise ValueError(f"components = {self.components}: a {self.kind} outage hits all; leave it out")


class _Outage(NamedTuple):
    """One row, its times in s since the start, and the key of the settings it comes from."""

    station: str
    kind: str
    start_s: float
    end_s: float
    components: tuple[str, ...]
    value: float
    key: str

    def overlaps(self, other: "_Outage") -> bool:
        """Whether both do the same kind of harm to one component at one time."""
        return (
            self.station == other.station
            and (self.kind == other.kind or {self.kind, other.kind} <= set(MISSING))
            and self.start_s < other.end_s
            and other.start_s < self.end_s
            and not set(self.components).isdisjoint(other.components)
        )


def draw_outages(
    settings: Sequence[OutageSettings],
    instrument: InstrumentSettings,
    network: Network,
    grid: SampleGrid,
    seed: int,
) -> pd.DataFrame:
    """Draw the outage table (``truth.OUTAGE_COLUMNS``): those planned, and those of the recorders' settings.

    Planned outages that reach beyond the scenario are cut at its end. Drawn ones that would overlap with
    another of their kind are left out, so that every sample that is wrong is wrong for one reason.

    Raises
    ------
    SettingsError
        An unknown station or component, a start after the end, or overlapping outages; names ``outages[k]``.
    """
    rows: list[_Outage] = []
    for number, one in enumerate(settings):
        for outage in _planned(one, number, instrument.frame, network, grid, seed):
            for earlier in rows:
                if outage.overlaps(earlier):
                    raise SettingsError(
                        f"{outage.key}: {outage.kind} of {outage.station} from {outage.start_s} to "
                        f"{outage.end_s} s overlaps with {earlier.key} ({earlier.kind}, {earlier.start_s} to "
                        f"{earlier.end_s} s); change one of them"
                    )
            rows.append(outage)
    for code in network.codes:
        own = [row for row in rows if row.station == code]
        for outage in _drawn(instrument, code, grid, seed):
            if not any(outage.overlaps(earlier) for earlier in own):
                own.append(outage)
                rows.append(outage)
    rows.sort(key=lambda row: (row.start_s, row.station, row.kind))
    return truth_table(
        "outages",
        [
            {
                "station": row.station,
                "kind": row.kind,
                "start_time": grid.utc(row.start_s),
                "end_time": grid.utc(row.end_s),
                "components": ";".join(row.components),
                "value": row.value,
            }
            for row in rows
        ],
    )


def _planned(
    one: OutageSettings, number: int, frame: str, network: Network, grid: SampleGrid, seed: int
) -> Iterator[_Outage]:
    """Outages of one entry of the settings."""
    key = f"outages[{number}]"
    unknown = [code for code in one.stations if code not in network.codes]
    if unknown:
        raise SettingsError(
            f"{key}.stations = {unknown} are not in the network; it has {network.codes[:5]} ..."
        )
    if one.start_s >= grid.duration_s:
        raise SettingsError(
            f"{key}.start_s = {one.start_s} is not before the end of the scenario ({grid.duration_s} s)"
        )
    components = _components(one, key, frame)
    end_s = grid.duration_s if one.duration_s is None else min(one.start_s + one.duration_s, grid.duration_s)
    value = one.value if one.kind in VALUED else float("nan")
    for code in one.stations or network.codes:
        # By station, not a fixed number of them: leaving a station out does not change the others.
        if one.stations or generator(seed, "outage", number, code).uniform() < one.share:
            yield _Outage(code, one.kind, one.start_s, end_s, components, value, key)


def _components(one: OutageSettings, key: str, frame: str) -> tuple[str, ...]:
    """Components that a planned outage hits, in the order of the frame."""
    chosen = one.components or tuple(frame[:2] if one.kind == "one_component" else frame)
    if len(set(chosen)) != len(chosen) or not set(chosen) <= set(frame):
        raise SettingsError(f"{key}.components = {chosen}: must be among {', '.join(frame)}, each once")
    if one.kind == "one_component" and len(chosen) != 2:
        raise SettingsError(f"{key}.components = {chosen}: one_component hits two and leaves one")
    return tuple(name for name in frame if name in chosen)


def _drawn(instrument: InstrumentSettings, code: str, grid: SampleGrid, seed: int) -> Iterator[_Outage]:
    """Outages that the recorder's settings make likely: of the whole scenario, and dropouts."""
    frame = tuple(instrument.frame)

    def chance(kind: str, share: float) -> np.random.Generator | None:
        rng = generator(seed, "fault", kind, code)
        return rng if rng.uniform() < share else None

    def whole(kind: str, components: tuple[str, ...] = frame, value: float = float("nan")) -> _Outage:
        return _Outage(code, kind, 0.0, grid.duration_s, components, value, "instrument")

    if chance("dead", instrument.dead_share):
        yield whole("dead")
    if rng := chance("one_component", instrument.one_component_share):
        left = frame[int(rng.choice(3, p=(0.2, 0.2, 0.6)))]  # stations of one component have the vertical
        yield whole("one_component", tuple(name for name in frame if name != left))
    if rng := chance("clock", instrument.clock_share):
        yield whole("clock", value=round(instrument.clock_offset_s * rng.standard_normal(), 3))
    if rng := chance("polarity", instrument.polarity_share):
        yield whole("polarity", (frame[rng.integers(3)],))
    if rng := chance("orientation", instrument.orientation_share):
        yield whole("orientation", value=round(rng.uniform(10, 350), 1))
    rng = generator(seed, "fault", "dropout", code)
    for _ in range(rng.poisson(instrument.dropouts_per_day * grid.duration_s / 86400)):
        start_s = round(rng.uniform(0, grid.duration_s), 2)
        end_s = start_s + round(np.exp(rng.uniform(*np.log(DROPOUT_S))), 2)
        if start_s < grid.duration_s:
            yield _Outage(
                code, "dropout", start_s, min(end_s, grid.duration_s), frame, float("nan"), "instrument"
            )
