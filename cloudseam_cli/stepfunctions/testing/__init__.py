"""TestState: one state of a machine, run by itself."""
