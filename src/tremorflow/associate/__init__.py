"""GrASP, our re-implementation: probabilities of the stations -> groups of stations, one for each source."""

from tremorflow.associate.candidates import (
    Candidate,
    earthquake_excess,
    gather_candidates,
    group_probability,
)
from tremorflow.associate.doubts import LONE_STATION, TAIL, find_doubts
from tremorflow.associate.episodes import link_groups
from tremorflow.associate.graph import StationGraph, group_edges, station_graph
from tremorflow.associate.groups import Groups, associate_stations
from tremorflow.associate.hearing import Hearing, learn_hearing, typical_hearing
from tremorflow.associate.places import place_likelihood
from tremorflow.associate.settings import AssociationSettings
from tremorflow.associate.table import group_table

__all__ = [
    "LONE_STATION",
    "TAIL",
    "AssociationSettings",
    "Candidate",
    "Groups",
    "Hearing",
    "StationGraph",
    "associate_stations",
    "earthquake_excess",
    "find_doubts",
    "gather_candidates",
    "group_edges",
    "group_probability",
    "group_table",
    "learn_hearing",
    "link_groups",
    "place_likelihood",
    "station_graph",
    "typical_hearing",
]
