"""Kinds of values that options take; a wrong one is refused before anything starts."""

import argparse
import math
from os.path import isdir
from pathlib import Path


def port_number(text: str) -> int:
    """A TCP port; 0 stands for a free one."""
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("is a number from 0 to 65535")
    return number


def positive_number(text: str) -> int:
    """A whole number from 1."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError("is a whole number from 1")
    return number


def amount(text: str) -> float:
    """A number from 0, which need not be whole."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError("is a number from 0")
    return number


def positive_amount(text: str) -> float:
    """A number above 0, which need not be whole."""
    number = amount(text)
    if not number:
        raise argparse.ArgumentTypeError("is a number above 0")
    return number


def existing_folder(text: str) -> Path:
    """A folder that is there."""
    path = Path(text)
    if not isdir(path):  # never raises, as path.is_dir() may
        raise argparse.ArgumentTypeError(f"there is no folder '{text}'")
    return path
