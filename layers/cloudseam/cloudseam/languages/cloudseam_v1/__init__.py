"""CloudSeam's own language, `version: 1`: states, events, and tasks on the way."""
