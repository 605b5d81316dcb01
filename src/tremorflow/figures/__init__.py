"""Pictures: from records and tables to matplotlib axes. Nothing is measured or decided here.

``map`` (stations, events and their error ellipses), ``space_time`` (time and latitude), ``envelopes``
(the recordings behind one event), ``likelihood`` (where it may lie) and ``report`` (one page for a run).
"""
