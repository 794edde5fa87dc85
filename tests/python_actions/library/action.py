"""The library's base class, by the name that it has there."""

from cloudseam.actions import Action

__all__ = ["Action"]
