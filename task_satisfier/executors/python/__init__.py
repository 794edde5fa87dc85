"""Executor `python`: runs classes in Python, as actions of a machine or as a task."""
