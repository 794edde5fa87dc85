"""Taking an installation of the original CloudSeam over: looking at all of it, then its rows."""
