"""The windows of DiET explained: which groups GrASP made of them, or which of its rules made none."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tremorflow.analysis import Association
from tremorflow.associate import associate_stations, earthquake_excess, station_graph
from tremorflow.associate.sources import Cut, SourceFit
from tremorflow.explain.story import GroupingStory, GroupStory, Place, StationWord, Verdict
from tremorflow.explain.words import count_of, place_words
from tremorflow.geodesy import distances_km
from tremorflow.records import CLASSES, FloatArray, timedelta

RULES_OF_NO_GROUP = (
    *("no_window", "no_probability", "no_sure_station", "no_cluster", "gain_below_penalty"),
    "too_few_members",
)
"""Rules by which a window has no group, from the first that can stop it on."""


class Grouper:
    """Tells of windows of an association why they have the groups they have.

    The fit of sources is made ready once, the first time that it is asked.
    """

    def __init__(
        self, association: Association, fates: NDArray[np.object_], reasons: dict[tuple[str, str], str]
    ) -> None:
        self.association, self.fates, self.reasons = association, fates, reasons
        self.excess = earthquake_excess(association.groups, association.probabilities, association.settings)
        self._fit: SourceFit | None = None

    def tell(self, window: int) -> GroupingStory:
        """Story of one window."""
        association = self.association
        start = association.probabilities.start_times[window].astype("datetime64[ns]")
        p_tremor = association.probabilities.p_tremor[:, window].astype(np.float64)
        groups = np.flatnonzero(association.groups.windows == window)
        n_sure = int((p_tremor >= association.settings.min_probability).sum())
        return GroupingStory(
            window,
            start,
            start + timedelta(association.probabilities.window_s),
            int(np.isfinite(p_tremor).sum()),
            n_sure,
            tuple(self._tell_group(int(k)) for k in groups),
            self._verdict(window, p_tremor, len(groups), n_sure),
        )

    def _tell_group(self, group: int) -> GroupStory:
        """Story of one group."""
        found, row = self.association.groups, self.association.table.iloc[group]
        return GroupStory(
            str(row["group_id"]),
            (float(found.latitudes[group]), float(found.longitudes[group])),
            float(found.gains[group]),
            tuple(str(row["stations"]).split(";")),
            float(self.excess[group]),
            self._fate(group),
        )

    def _fate(self, group: int) -> Verdict:
        """Tell what became of a group, as ``groups.csv`` has it."""
        settings, fate = self.association.settings, str(self.fates[group])
        if fate == "earthquake":
            return Verdict(
                fate,
                f"the stations within association.earthquake_km = {settings.earthquake_km:g} km of its place "
                f"say earthquake more than tremor: p_earthquake is {self.excess[group]:.2f} higher on "
                "average (the veto acts above 0)",
            )
        if fate == "no_window":
            return Verdict(
                fate, "no window of the location (location.window_s, location.step_s) holds all of it"
            )
        name = str(self.association.table["group_id"].iloc[group])
        return Verdict(fate, self.reasons.get((name, fate), ""))

    def _verdict(self, window: int, p_tremor: FloatArray, n_groups: int, n_sure: int) -> Verdict:
        """Find the rule by which a window has no group, or say that it has some."""
        if n_groups:
            return Verdict("grouped", f"{count_of(n_groups, 'group')} formed")
        settings, codes = self.association.settings, self.association.probabilities.network.codes
        if not np.isfinite(p_tremor).any():
            return Verdict("no_probability", "no station recorded enough of the window to be judged")
        if not n_sure:
            best = int(np.nanargmax(p_tremor))
            return Verdict(
                "no_sure_station",
                f"no station is sure of tremor: the highest p_tremor is {p_tremor[best]:.2f} at "
                f"{codes[best]}, association.min_probability asks for {settings.min_probability:g}",
            )
        return self._too_little(window, p_tremor)

    def _too_little(self, window: int, p_tremor: FloatArray) -> Verdict:
        """Find the rule by which sure stations make no group."""
        settings, network = self.association.settings, self.association.probabilities.network
        small = associate_stations(
            p_tremor[:, None], network, replace(settings, min_stations=1), self.association.hearing
        )
        if len(small):
            sizes = [int((small.labels[:, 0] == k).sum()) for k in range(len(small))]
            best = int(np.argmax(sizes))
            where = place_words((float(small.latitudes[best]), float(small.longitudes[best])))
            return Verdict(
                "too_few_members",
                f"{count_of(sizes[best], 'station')} would make a group (source near {where}, gain "
                f"{small.gains[best]:.1f}), association.min_stations asks for {settings.min_stations}",
            )
        if settings.method != "sources":
            return Verdict(
                "no_cluster", f"no cluster of stations by association.method = {settings.method!r}"
            )
        alone = self._best_alone(p_tremor)
        short, where = settings.penalty - alone.gains[0], place_words(alone.places[0])
        if short <= 0:  # worth it, but no station that should hear the source has member_probability
            return Verdict(
                "too_few_members",
                f"the best source, near {where}, is worth its penalty, but no station that should hear it "
                f"has association.member_probability = {settings.member_probability:g}",
            )
        return Verdict(
            "gain_below_penalty",
            f"the best source, near {where}, would explain what the stations say better by only "
            f"{alone.gains[0]:.1f} in log likelihood; association.penalty = {settings.penalty:g} is "
            f"{short:.1f} more: too few of the stations that should hear it do",
        )

    def _best_alone(self, p_tremor: FloatArray) -> Cut:
        """Fit the single best source to a window, stations in the order of the association."""
        network = self.association.probabilities.network
        by_code = np.argsort(np.array(network.codes))
        if self._fit is None:
            graph = station_graph(network.subset(by_code.tolist()), self.association.settings)
            self._fit = SourceFit(graph, self.association.settings, self.association.hearing.subset(by_code))
        return self._fit.best_alone(p_tremor[by_code])


def tell_stations(
    association: Association, window: int, place: Place | None, reach_km: float
) -> tuple[StationWord, ...]:
    """Tell what the stations within reach of a place said of a window, the highest p_tremor first."""
    probabilities = association.probabilities
    network, says = probabilities.network, probabilities.values[:, :, window].astype(np.float64)
    away = np.full(len(network), np.nan)
    if place is not None:
        away = distances_km(*place, network.latitudes, network.longitudes)
    near = np.flatnonzero(~(away > reach_km))
    noise, tremor, earthquake = (CLASSES.index(name) for name in ("noise", "tremor", "earthquake"))
    ranked = near[np.lexsort((away[near], -np.nan_to_num(says[near, tremor], nan=-1.0).round(2)))]
    member = association.groups.labels[:, window] >= 0
    return tuple(
        StationWord(
            network.codes[k],
            float(away[k]),
            float(says[k, tremor]),
            float(says[k, earthquake]),
            float(says[k, noise]),
            float(probabilities.completeness[k, window]),
            bool(member[k]),
        )
        for k in ranked
    )


def surest_place(association: Association, windows: Sequence[int]) -> Place | None:
    """Place of the station that is surest of tremor in some windows; None if none was judged."""
    says = association.probabilities.p_tremor[:, list(windows)]
    if not says.size or not np.isfinite(says).any():
        return None
    network = association.probabilities.network
    best = int(np.nan_to_num(says, nan=-1.0).max(axis=1).argmax())
    return float(network.latitudes[best]), float(network.longitudes[best])
