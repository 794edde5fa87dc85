"""A store in one file, for engines that run in one process: stacks, claims, machines and logs.

SQLite keeps it, in write-ahead mode: a commit outlives the process at once, and the computer's loss
of power once its journal has been synchronized (https://www.sqlite.org/wal.html).
"""
