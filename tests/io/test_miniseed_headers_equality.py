"""Looking at the headers first changes nothing of what is read, whatever the file is like."""

import io
import os

import numpy as np
import obspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tremorflow.io import miniseed
from tremorflow.io.miniseed import read_miniseed
from tremorflow.io.miniseed_headers import record_spans, records_near
from tremorflow.records import timedelta, utc

START = utc("2020-12-31T23:50:00Z")


def file_bytes(reclen=512, rate_hz=100.0, byteorder=">", encoding="STEIM2", length_s=1500.0):
    rng = np.random.default_rng(1)
    header = {"network": "XX", "station": "AAA", "channel": "HHZ", "sampling_rate": rate_hz}
    samples = np.cumsum(rng.integers(-50, 51, round(length_s * rate_hz))).astype(np.int32)
    trace = obspy.Trace(samples, header)
    trace.stats.starttime = obspy.UTCDateTime(str(START))
    target = io.BytesIO()
    trace.write(target, format="MSEED", reclen=reclen, byteorder=byteorder, encoding=encoding)
    return target.getvalue()


FILES = {
    "plain": file_bytes(),
    "long records": file_bytes(reclen=4096),
    "slow": file_bytes(rate_hz=1.0),
    "odd rate": file_bytes(rate_hz=62.5),
    "little-endian": file_bytes(byteorder="<"),
    "not compressed": file_bytes(encoding="INT32"),
}
CUT = FILES["plain"]
WITHOUT_RATE = bytearray(CUT)
for record in range(0, len(CUT), 512):
    WITHOUT_RATE[record + 34 : record + 36] = b"\0\0"  # the multiplier: some write 0 for 1
FILES["no multiplier"] = bytes(WITHOUT_RATE)
FILES["out of order"] = CUT[len(CUT) // 1024 * 512 :] + CUT[: len(CUT) // 1024 * 512]
FILES["two lengths"] = FILES["plain"] + FILES["long records"]
FILES["cut off"] = FILES["plain"][:-100]
FILES["garbage inside"] = CUT[: 512 * 20] + b"\xff" * 512 + CUT[512 * 21 :]
FILES["garbage inside, not whole"] = CUT[: 512 * 20] + b"\xff" * 100 + CUT[512 * 20 :]


@pytest.mark.parametrize("name", list(FILES))
@settings(max_examples=12)
@given(begin=st.floats(-100, 1600), length=st.floats(1, 900))
def test_a_span_has_the_same_samples(tmp_path_factory, name, begin, length):
    path = tmp_path_factory.mktemp("m") / "a.mseed"
    path.write_bytes(FILES[name])
    span = START + timedelta(begin), START + timedelta(begin + length)
    quick = read_miniseed(path, *span)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(miniseed, "records_near", lambda buffer, *_: buffer)
        whole = read_miniseed(path, *span)
    assert [one.start_time for one in quick.segments] == [one.start_time for one in whole.segments]
    for one, other in zip(quick.segments, whole.segments, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)


def test_of_a_day_an_hour_needs_few_records():
    whole = file_bytes(length_s=6000.0)
    spans = record_spans(whole)
    part = records_near(whole, spans, START + timedelta(3000.0), START + timedelta(3060.0))
    assert 0 < len(part) < len(whole) / 20
    assert not len(records_near(whole, spans, START + timedelta(9000.0), START + timedelta(9060.0)))


@pytest.mark.parametrize("name", ["little-endian", "two lengths", "cut off", "garbage inside"])
def test_where_it_cannot_be_told_cheaply_everything_is_parsed(name):
    spans = record_spans(FILES[name])
    assert spans is None
    assert records_near(FILES[name], spans, START, START + timedelta(1.0)) == FILES[name]


@pytest.mark.parametrize("largest", [0, miniseed.LARGEST_KEPT])
def test_a_file_that_changed_is_read_anew(tmp_path, monkeypatch, largest):
    monkeypatch.setattr(miniseed, "LARGEST_KEPT", largest)
    path, span = tmp_path / "a.mseed", (START, START + timedelta(60.0))
    path.write_bytes(CUT)
    before = read_miniseed(path, *span).segments[0].samples
    np.testing.assert_array_equal(read_miniseed(path, *span).segments[0].samples, before)
    path.write_bytes(file_bytes(encoding="INT32", length_s=1000.0))
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(read_miniseed(path, *span).segments[0].samples, before[: 60 * 100])
    late = START + timedelta(1200.0), START + timedelta(1260.0)
    assert not read_miniseed(path, *late).segments
    path.write_bytes(CUT)
    assert len(read_miniseed(path, *late).segments[0].samples) == 6000
    path.unlink()
    with pytest.raises(OSError, match=r"a\.mseed"):
        read_miniseed(path, *late)
