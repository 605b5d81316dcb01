"""WIN32 against bytes written by hand from the format note, ObsPy's WIN reader, and real Hi-net files."""

import struct
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from win32_bytes import FILE_HEADER, block, part, seconds_after

from tremorflow.errors import DataError
from tremorflow.io.channel_table import read_channel_table
from tremorflow.io.win32 import Win32Settings, is_win32, read_win32, scan_win32, write_win32
from tremorflow.records import utc

UTC_CLOCK = Win32Settings(utc_offset_h=0)
NOON = datetime(2017, 1, 1, 12)

# Bytes of one part after organisation, network and channel, and the samples that the note says they hold.
GOLDEN = [
    ("4 bits, three steps and filler", "0004 00000064 18 70", [100, 101, 93, 100]),
    ("4 bits, four steps", "0005 00000000 FE 30", [0, -1, -3, 0, 0]),
    ("4 bits, one sample", "0001 FFFFFFFF", [-1]),
    ("8 bits", "1003 00000000 80 7F", [0, -128, -1]),
    ("16 bits", "2003 00000001 8000 7FFF", [1, -32767, 0]),
    ("24 bits", "3004 00000000 800000 7FFFFF FFFFFF", [0, -8388608, -1, -2]),
    ("32 bits", "4003 00000000 7FFFFFFF 80000000", [0, 2147483647, -1]),
    ("absolute", "5003 80000000 7FFFFFFF 00000002", [-2147483648, 2147483647, 2]),
]


@pytest.mark.parametrize(("body", "samples"), [case[1:] for case in GOLDEN], ids=[case[0] for case in GOLDEN])
def test_every_width_is_read_as_the_note_says(tmp_path: Path, body: str, samples: list[int]) -> None:
    part_bytes = bytes.fromhex("01 02 ABCD" + body)
    header = bytes.fromhex("2011031114461853 0000000A") + len(part_bytes).to_bytes(4, "big")
    path = tmp_path / "one.cnt"
    path.write_bytes(bytes(4) + header + part_bytes)

    (segment,), skips = read_win32(path)

    assert segment.code == "WIN32.ABCD.0102."
    assert segment.samples.dtype == np.int32
    assert segment.samples.tolist() == samples
    assert segment.sampling_rate_hz == len(samples)
    assert segment.start_time == utc("2011-03-11T14:46:18.53+09:00")
    assert skips == []


@pytest.mark.parametrize(("body", "samples"), [case[1:] for case in GOLDEN], ids=[case[0] for case in GOLDEN])
def test_the_writer_writes_the_bytes_of_the_note(tmp_path: Path, body: str, samples: list[int]) -> None:
    part_bytes = bytes.fromhex("01 02 ABCD" + body)
    header = bytes.fromhex("2011031114461853 0000000A") + len(part_bytes).to_bytes(4, "big")
    path, copy = tmp_path / "one.cnt", tmp_path / "copy.cnt"
    path.write_bytes(bytes(4) + header + part_bytes)

    write_win32(copy, read_win32(path).segments, width=int(body[0]))

    assert copy.read_bytes() == path.read_bytes()


def test_sample_counts_use_twelve_bits(tmp_path: Path) -> None:
    path = tmp_path / "kilohertz.cnt"
    samples = [(-1) ** i * i for i in range(1000)]
    path.write_bytes(FILE_HEADER + block(NOON, [part(0x0101, 1, 2, samples)]))
    (segment,) = read_win32(path).segments
    assert segment.sampling_rate_hz == 1000
    assert segment.samples.tolist() == samples


@pytest.mark.parametrize("one_part", [True, False])
def test_minute_blocks_hold_one_part_or_one_for_each_second(tmp_path: Path, one_part: bool) -> None:
    samples = list(range(0, 2400, 2))
    if one_part:
        parts = [part(0x0101, 7, 1, samples)]
    else:
        parts = [part(0x0101, 7, 1, samples[first : first + 20]) for first in range(0, 1200, 20)]
    path = tmp_path / "minute.cnt"
    path.write_bytes(FILE_HEADER + block(NOON, parts, frame=600))
    (segment,), skips = read_win32(path, settings=UTC_CLOCK)
    assert segment.sampling_rate_hz == 20
    assert segment.samples.tolist() == samples
    assert segment.end_time == utc("2017-01-01T12:01:00")
    assert skips == []


def test_a_minute_block_with_a_missing_second_is_not_guessed_at(tmp_path: Path) -> None:
    parts = [part(0x0101, 7, 1, [1, 2, 3])] * 59 + [part(0x0101, 8, 1, list(range(120)))]
    path = tmp_path / "minute.cnt"
    path.write_bytes(FILE_HEADER + block(NOON, parts, frame=600))
    segments, (skip,) = read_win32(path)
    assert [segment.station for segment in segments] == ["0008"]
    assert skip.count == 59


def test_a_rate_that_changes_starts_a_new_segment(tmp_path: Path) -> None:
    rates = [100, 100, 200, 200, 100]
    blocks = [block(seconds_after(NOON, i), [part(0x0101, 1, 1, [i] * rate)]) for i, rate in enumerate(rates)]
    path = tmp_path / "rates.cnt"
    path.write_bytes(FILE_HEADER + b"".join(blocks))
    spans = sorted(scan_win32(path).spans, key=lambda span: span.start_time)
    assert [(span.sampling_rate_hz, span.n_samples) for span in spans] == [(100, 200), (200, 400), (100, 100)]


def test_joined_files_read_as_one(tmp_path: Path) -> None:
    one = FILE_HEADER + block(NOON, [part(0x0101, 1, 1, [1, 2])])
    two = FILE_HEADER + block(seconds_after(NOON, 1), [part(0x0101, 1, 1, [3, 4])])
    path = tmp_path / "joined.cnt"
    path.write_bytes(one + two)
    (segment,), skips = read_win32(path)
    assert segment.samples.tolist() == [1, 2, 3, 4]
    assert skips == []


def test_one_channel_number_of_two_owners_stays_two_channels(tmp_path: Path, shared_data: Path) -> None:
    table = read_channel_table(shared_data / "win32/hinet/0101_20170311.ch")
    path = tmp_path / "owners.cnt"
    path.write_bytes(
        FILE_HEADER + block(NOON, [part(0x0101, 0x3E83, 1, [1, 2]), part(0x0203, 0x3E83, 1, [3, 4])])
    )
    codes = {segment.code: segment.samples.tolist() for segment in read_win32(path, table=table).segments}
    assert codes == {"N.NNMH.0101.U": [1, 2], "N.NNMH.0203.U": [3, 4]}


def test_samples_agree_with_obspy_after_a_change_of_wrapping(tmp_path: Path, shared_data: Path) -> None:
    """ObsPy reads WIN: the same sample groups in blocks with a shorter time and shorter part headers."""
    import obspy

    source = shared_data / "win32/hinet/0101_2017031100_2.cnt"
    content, at, win = source.read_bytes(), 4, b""
    while at < len(content):
        size = struct.unpack(">I", content[at + 12 : at + 16])[0]
        stamp, end = content[at + 1 : at + 7], at + 16 + size
        at, parts = at + 16, b""
        while at < end:
            word = struct.unpack(">H", content[at + 4 : at + 6])[0]
            width, n = word >> 12, word & 0xFFF
            body = 10 + (n // 2 if width == 0 else width * (n - 1))
            parts += content[at + 2 : at + body]
            at += body
        win += struct.pack(">I", 10 + len(parts)) + stamp + parts
    path = tmp_path / "hinet.win"
    path.write_bytes(win)

    stream = obspy.read(path, format="WIN")
    segments = read_win32(source).segments

    assert len(stream) == len(segments) == 6
    by_channel = {trace.stats.channel.upper(): trace for trace in stream}
    for segment in segments:
        trace = by_channel[segment.station]
        np.testing.assert_array_equal(segment.samples, trace.data)
        assert trace.stats.starttime - 9 * 3600 == obspy.UTCDateTime(str(segment.start_time))


HINET_FILES = [
    ("0101_201701010000_3.cnt", 3, 180, "2016-12-31T15:00:00"),
    ("0101_2017031100_2.cnt", 6, 120, "2017-03-10T15:00:00"),
    ("2017010100020101VM.cnt", 3, 60, "2016-12-31T15:02:00"),
]


@pytest.mark.parametrize(("name", "n_channels", "length_s", "start"), HINET_FILES)
def test_hinet_files_are_whole_and_smooth(
    shared_data: Path, name: str, n_channels: int, length_s: int, start: str
) -> None:
    folder = shared_data / "win32/hinet"
    table = read_channel_table(folder / "0101_20170311.ch")
    segments, skips = read_win32(folder / name, table=table)
    assert is_win32(folder / name)
    assert skips == []
    assert len(segments) == n_channels
    for segment in segments:
        assert (segment.start_time, segment.sampling_rate_hz) == (utc(start), 100)
        assert len(segment.samples) == 100 * length_s
        # The first sample of a second is stored whole, so a second decoded wrongly would end in a jump.
        steps = np.abs(np.diff(segment.samples))
        across = steps[99::100]
        inside = np.delete(steps, np.s_[99::100])
        assert 0.6 < np.median(across) / np.median(inside) < 1.6
        assert across.max() <= inside.max()
        # Noise of a quiet borehole in Fukushima: below a micrometre a second, not zero.
        velocity = np.std(segment.samples) / 1.7e9
        assert 1e-9 < velocity < 1e-6


def test_minutes_of_one_recording_join(shared_data: Path) -> None:
    folder = shared_data / "win32/hinet"
    minutes = [read_win32(folder / f"20170101000{minute}0101VM.cnt").segments for minute in range(3)]
    for whole, *pieces in zip(read_win32(folder / "0101_201701010000_3.cnt").segments, *minutes, strict=True):
        np.testing.assert_array_equal(whole.samples, np.concatenate([piece.samples for piece in pieces]))


@pytest.mark.parametrize("name", [case[0] for case in HINET_FILES])
def test_hinet_files_are_written_back_to_the_byte(tmp_path: Path, shared_data: Path, name: str) -> None:
    source, copy = shared_data / "win32/hinet" / name, tmp_path / "copy.cnt"
    write_win32(copy, read_win32(source).segments)
    assert copy.read_bytes() == source.read_bytes()


def test_other_formats_are_refused_by_name(tmp_path: Path, shared_data: Path) -> None:
    old_win = shared_data / "win32/win_nikko/991109.064607"
    text = tmp_path / "notes.txt"
    text.write_text("2017 01 01 not a recording\n" * 50)
    for path in (old_win, text):
        assert not is_win32(path)
        with pytest.raises(DataError, match=path.name):
            read_win32(path)
        with pytest.raises(DataError, match=path.name):
            scan_win32(path)
