"""How deep values of JSON lie in each other."""

from typing import Any


def is_deeper_than(levels: int, value: Any) -> bool:
    """Whether lists and objects lie in each other more than so many levels deep."""
    layer = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        layer = [
            part
            for each in layer
            for part in (each.values() if isinstance(each, dict) else each)
            if isinstance(part, dict | list)
        ]
        if not layer:
            return False
    return bool(layer)
