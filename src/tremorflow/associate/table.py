"""Groups and their episodes as a table."""

import numpy as np
import pandas as pd

from tremorflow.associate.candidates import group_probability
from tremorflow.associate.episodes import link_groups
from tremorflow.associate.groups import Groups
from tremorflow.associate.settings import AssociationSettings
from tremorflow.records import GROUP_COLUMNS, FloatArray, Probabilities, name_by_time, timedelta


def group_table(
    groups: Groups, excess: FloatArray, probabilities: Probabilities, settings: AssociationSettings
) -> pd.DataFrame:
    """One row per group, with ``GROUP_COLUMNS``, in order of time and from the strongest down.

    Parameters
    ----------
    groups
        From ``associate_stations`` with ``p_tremor`` of these probabilities.
    excess : (group,)
        From ``earthquake_excess``.
    probabilities
        Of all windows.
    settings
        By which groups are linked into episodes.
    """
    p_tremor = probabilities.p_tremor
    codes = np.array(probabilities.network.codes, dtype=object)
    starts = probabilities.start_times[groups.windows].astype("datetime64[ns]")
    names = name_by_time(starts)
    members = [np.flatnonzero(groups.labels[:, w] == k) for k, w in enumerate(groups.windows)]
    ranked = [
        m[np.argsort(-p_tremor[m, w], kind="stable")] for m, w in zip(members, groups.windows, strict=True)
    ]
    episodes = link_groups(groups, settings)
    firsts = np.unique(episodes, return_index=True)[1]
    table = {
        "group_id": names,
        "episode_id": [f"E{names[firsts[k]]}" for k in episodes],
        "start_time": starts,
        "end_time": starts + timedelta(probabilities.window_s),
        "latitude": groups.latitudes,
        "longitude": groups.longitudes,
        "n_stations": [len(one) for one in members],
        "p_highest": [float(p_tremor[m[0], w]) for m, w in zip(ranked, groups.windows, strict=True)],
        "gain": groups.gains,
        "p_group": group_probability(excess, settings),
        "stations": [";".join(codes[one]) for one in ranked],
    }
    dtypes = {name: column.dtype for name, column in GROUP_COLUMNS.items()}
    return pd.DataFrame(table, columns=list(GROUP_COLUMNS)).astype(dtypes)
