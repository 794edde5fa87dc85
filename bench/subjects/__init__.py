"""Engines that live the same lives on the same database, each in a process of its own."""
