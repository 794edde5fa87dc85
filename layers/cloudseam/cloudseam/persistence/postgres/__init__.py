"""Stacks in PostgreSQL, through one kept connection."""
