"""What was downloaded from S3, kept for the tasks that follow, in memory and nowhere else."""

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

# Modules are texts: these are hundreds of them.
MAX_BYTES = 16 * 1024 * 1024
# A larger object goes straight to the disk.
MAX_OBJECT_BYTES = 1024 * 1024


class Version(NamedTuple):
    """One content of one object: another one has another ETag (S3 API reference, "Object")."""

    bucket: str
    key: str
    etag: str


class KeptObjects:
    """The contents that were asked for last, as many as there is room for. Threads may share it."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._contents: OrderedDict[Version, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, version: Version) -> bytes | None:
        """The content, or None if it is not here."""
        with self._lock:
            if version in self._contents:
                self._contents.move_to_end(version)
            return self._contents.get(version)

    def keep(self, version: Version, content: bytes) -> None:
        """Keeps a content, and lets go of those that were not asked for the longest."""
        with self._lock:
            self._bytes += len(content) - len(self._contents.pop(version, b""))
            self._contents[version] = content
            while self._bytes > self._max_bytes:
                _, dropped = self._contents.popitem(last=False)
                self._bytes -= len(dropped)
