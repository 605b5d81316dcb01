"""Which channel table names the channels of a WIN32 file: the given one, or that of its folder."""

import hashlib
from pathlib import Path

from tremorflow.errors import DataError
from tremorflow.io.channel_table import ChannelTable, read_channel_table, table_channels, table_network
from tremorflow.io.stations import ALWAYS, StationMetadata
from tremorflow.records import Network

TABLE_SUFFIXES = (".ch", ".euc")


class FolderTables:
    """Channel tables of the folders of an archive, each read once.

    A table that is given serves all files. Without one, the tables of a file's own folder serve it (those
    that NIED sends with each request), else those of the nearest folder above, up to the root. Of tables in
    one folder the later in order of name wins where both list a channel.
    """

    def __init__(self, root: Path, given: Path | None) -> None:
        self.root = root
        self._given = None if given is None else _given(given)
        self._by_folder: dict[Path, tuple[str, ChannelTable | None]] = {}

    def find(self, path: Path) -> tuple[str, ChannelTable | None]:
        """Version (a hash of the content) and table for a file; ("", None) if there is none."""
        return self._given if self._given is not None else self._of_folder(path.parent)

    def complete(self, metadata: StationMetadata | None) -> StationMetadata:
        """Station metadata with the channels that only the tables know; without any, their stations too."""
        known = metadata or StationMetadata(Network(()))
        stations = {station.code: station for station in known.network.stations}
        listed = {channel.code for channel in known.channels}
        added = []
        for table in self._found():
            if metadata is None:
                for station in table_network(table)[0].stations:
                    stations.setdefault(station.code, station)
            added += [channel for channel in table_channels(table) if channel.code not in listed]
        return StationMetadata(
            Network(tuple(stations.values())),
            (*known.channels, *added),
            (*known.channel_times, *[ALWAYS] * len(added)),
            known.skipped,
        )

    def _found(self) -> list[ChannelTable]:
        found = [self._given] if self._given is not None else list(self._by_folder.values())
        different = {version: table for version, table in found if table is not None}
        return list(different.values())

    def _of_folder(self, folder: Path) -> tuple[str, ChannelTable | None]:
        if folder not in self._by_folder:
            paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in TABLE_SUFFIXES)
            found = _merged(paths)
            if found[1] is None and folder != self.root and self.root in folder.parents:
                found = self._of_folder(folder.parent)
            self._by_folder[folder] = found
        return self._by_folder[folder]


def _given(path: Path) -> tuple[str, ChannelTable | None]:
    table = read_channel_table(path)
    return hashlib.sha256(path.read_bytes()).hexdigest(), table


def _merged(paths: list[Path]) -> tuple[str, ChannelTable | None]:
    rows = {}
    digest = hashlib.sha256()
    for path in paths:
        try:
            table = read_channel_table(path)
        except DataError:
            continue  # some other file of that suffix; the index counts it as no recording
        rows.update({row.channel_id: row for row in table.rows})
        digest.update(path.read_bytes())
    return (digest.hexdigest(), ChannelTable(tuple(rows.values()))) if rows else ("", None)
