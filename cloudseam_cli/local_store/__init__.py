"""A store in one file, for an engine that runs in one process: stacks, versions and logs.

SQLite keeps it, in write-ahead mode: a commit outlives the process at once, and the computer's loss
of power, too (https://www.sqlite.org/wal.html). Claims need no place in it: one process has the
file, and nobody is kept away from anything by itself.
"""
