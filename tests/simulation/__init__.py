"""The whole system in one thread and virtual time, driven by a seed; see docs/reliability.md."""
