"""The engine both functions share: the pure core, the service that runs it, and its adapters."""

__version__ = "0.1.0"
