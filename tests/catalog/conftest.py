import warnings

with warnings.catch_warnings():  # ObsPy 1.5 asks for plugins in a way that Python 3.11 deprecates
    warnings.simplefilter("ignore", DeprecationWarning)
    import obspy  # noqa: F401
