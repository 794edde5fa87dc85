"""Long texts of JSON, packed so that rows can hold them.

The same input is in an execution many times: as its own, as that of each branch, state and task.
LZMA finds what was there a megabyte before, and zlib what was there 32 kB before.
"""

import base64
import zlib
from collections.abc import Callable, Mapping
from types import ModuleType

try:
    import lzma as _lzma
except ImportError:  # a Python may be built without it
    lzma: ModuleType | None = None
else:
    lzma = _lzma

# What a packed text begins with; JSON does not.
LZMA, ZLIB = "x", "z"


def pack(text: str) -> str:
    """The text in ASCII, shorter the more it repeats itself."""
    if lzma is not None:
        return LZMA + base64.b64encode(lzma.compress(text.encode(), preset=1)).decode()
    return ZLIB + base64.b64encode(zlib.compress(text.encode(), 6)).decode()


def unpack(text: str) -> str:
    """The text that was packed; any other as it is.

    Raises:
        ValueError: it cannot be unpacked.
    """
    unpacked = UNPACKED.get(text[:1])
    if unpacked is None:
        return text
    try:
        return unpacked(base64.b64decode(text[1:])).decode()
    except ValueError:
        raise
    except Exception as error:  # each library has its own
        raise ValueError("it is damaged") from error


def _of_lzma(packed: bytes) -> bytes:
    if lzma is None:
        raise ValueError("this Python has no lzma")
    return bytes(lzma.decompress(packed))


UNPACKED: Mapping[str, Callable[[bytes], bytes]] = {LZMA: _of_lzma, ZLIB: zlib.decompress}
