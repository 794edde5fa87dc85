"""An installation of the original CloudSeam is taken over, in both stores."""
