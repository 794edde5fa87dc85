"""Keeps Terraform's providers from one task to the next.

Terraform's own plugin cache is not safe for several runs of `init` at once (Terraform CLI
documentation, "Provider Plugin Cache"), cannot replace a provider that is running, and is left
with half a provider where a run was killed. So each task has a plugin cache of its own, made of
links to what is kept; and what `init` has added to it is kept once `init` has ended well.
"""

import base64
import errno
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

# HOST/NAMESPACE/TYPE/VERSION/PLATFORM, as Terraform has it in its plugin cache.
PLACE = "*/*/*/*/*"
LOCK_FILE = ".terraform.lock.hcl"
# A provider is kept if the disk then has room for one half as large again, unpacked and packed.
ROOM = 1.5
# As Go names ENOSPC.
NO_SPACE = "no space left on device"


@dataclass(frozen=True, slots=True)
class PluginCache:
    """`folder` keeps providers. With `is_private` it is used only where nobody else may write."""

    folder: Path
    is_private: bool = False

    @classmethod
    def of(cls, named: str | None) -> Self:
        """The folder that the settings name, else one of this user's in the temp dir."""
        if named:
            return cls(Path(named).absolute())
        own = f"cloudseam-providers-{os.geteuid()}"
        return cls(Path(os.path.realpath(tempfile.gettempdir()), own), is_private=True)

    @contextmanager
    def used(self) -> Iterator[Callable[[], bool]]:
        """Around a task that uses what is kept.

        Yields what makes room on the disk: it removes all that is kept, and says whether it has. It
        does not while another task uses it, nor in a folder that somebody has named.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # then nothing is kept
            yield lambda: False
            return
        try:
            fcntl.flock(folder, fcntl.LOCK_SH)
            yield lambda: self._empty(folder)
        finally:
            os.close(folder)

    def link(self, plugins: Path, module: Path) -> dict[str, str]:
        """Makes a plugin cache for `init` of a module; the environment that has it used.

        A module with a lock file gets the providers whose checksums are in it, and Terraform checks
        them again. Without one Terraform would install every provider anew, to note checksums
        that nobody needs; so it is told to take those that are there.
        """
        plugins.mkdir()
        lock = _text(module / LOCK_FILE)
        try:
            kept = list(_providers(self.folder)) if self._is_safe() else []
            for provider in kept:
                place = provider.relative_to(self.folder)
                if lock is None or _is_locked(provider, place, lock):
                    (plugins / place).parent.mkdir(parents=True, exist_ok=True)
                    (plugins / place).symlink_to(provider)
        except OSError:
            pass  # `init` installs what is missing
        used = {"TF_PLUGIN_CACHE_DIR": str(plugins)}
        takes_all = {"TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1"}
        return used | (takes_all if lock is None else {})

    def keep(self, plugins: Path, log: Callable[[str], None]) -> None:
        """Keeps what `init` has installed, as far as there is room; a link takes its place."""
        new = [provider for provider in _providers(plugins) if not provider.is_symlink()]
        for provider in new:
            place = provider.relative_to(plugins)
            try:
                trouble = self._trouble(provider)
                if not trouble:
                    self._move(provider, self.folder / place)
                    provider.symlink_to(self.folder / place)
            except OSError as error:
                trouble = str(error.strerror)
            if trouble:
                log(f"Provider {place} is not kept in '{self.folder}': {trouble}")

    def _trouble(self, provider: Path) -> str | None:
        """Why a provider cannot be kept."""
        if not self._is_safe():
            return "others may write to it"
        if shutil.disk_usage(self.folder).free < ROOM * _size(provider):
            return "there is too little room"
        return None

    def _move(self, provider: Path, kept: Path) -> None:
        """Moves it in one step, so that nobody finds half of it."""
        kept.parent.mkdir(parents=True, exist_ok=True)
        try:
            provider.rename(kept)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            with tempfile.TemporaryDirectory(prefix=".new-", dir=self.folder) as folder:
                copy = shutil.copytree(provider, Path(folder, "copy"), symlinks=True)
                copy.rename(kept)
            shutil.rmtree(provider)

    def _empty(self, folder: int) -> bool:
        """Removes what is kept, unless somebody else has the folder locked as well."""
        if not self.is_private:
            return False
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            kept = list(_providers(self.folder)) if self._is_safe() else []
            for provider in kept:
                shutil.rmtree(provider)
            return bool(kept)
        except OSError:
            return False
        finally:  # also where it could not be had: then the old lock is gone, too (flock(2))
            fcntl.flock(folder, fcntl.LOCK_SH)

    def _is_safe(self) -> bool:
        """Whether what is in the folder was put there by nobody else."""
        status = self.folder.lstat()
        is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        return not self.is_private or (is_ours and not status.st_mode & 0o022)


def has_no_space(lines: Iterable[str]) -> bool:
    """Whether a command says that the disk is full. Terraform breaks its lines where it likes."""
    return NO_SPACE in " ".join(" ".join(lines).split())


def _providers(folder: Path) -> Iterator[Path]:
    return (path for path in folder.glob(PLACE) if path.is_dir())


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _is_locked(provider: Path, place: Path, lock: str) -> bool:
    """Whether a lock file has the checksum of a provider."""
    address = "/".join(place.parts[:3])
    return f'"{address}"' in lock and _checksum(provider, provider.stat().st_mtime_ns) in lock


@lru_cache(maxsize=64)
def _checksum(provider: Path, changed: int) -> str:
    """As lock files have it: `h1`, a digest of all files (golang.org/x/mod/sumdb/dirhash, Hash1).

    What is kept is never changed, but may be removed and come again, at the time `changed`.
    """
    digests = {
        path.relative_to(provider).as_posix(): _digest(path)
        for path in provider.rglob("*")
        if path.is_file()
    }
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))
