"""Reads command lines as `cloudseam` does."""

import argparse
from importlib import import_module

from cloudseam_cli.main import COMMANDS


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of a command."""
    parser = argparse.ArgumentParser(prog=f"cloudseam {command}")
    import_module(COMMANDS[command].module).add_arguments(parser)
    return parser


def options(command: str, *arguments: str) -> argparse.Namespace:
    """What a command's run is given for these arguments."""
    return parser_of(command).parse_args(arguments)
