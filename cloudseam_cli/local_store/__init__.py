"""A store in one file, for an engine that runs in one process: stacks, versions and logs.

SQLite keeps it, in write-ahead mode: a commit outlives the process at once, and a loss of power
once its journal has been synchronized (https://www.sqlite.org/wal.html); until then a loss of power
takes the last commits, and leaves the file whole. Claims need no place in it: one process has the
file, and nobody is kept away from anything by itself.
"""
