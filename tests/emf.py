"""Metrics as a function writes them: lines in CloudWatch's embedded metric format."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """One metric of one line. `dimensions` has those beside the service."""

    name: str
    unit: str
    values: tuple[float, ...]
    dimensions: tuple[tuple[str, str], ...] = ()


def emf_lines(text: str) -> list[dict[str, Any]]:
    """The lines that are of metrics."""
    lines = [line for line in text.splitlines() if line.startswith('{"_aws"')]
    return [json.loads(line) for line in lines]


def metrics_in(text: str) -> Iterator[Metric]:
    """Every metric of every line."""
    for line in emf_lines(text):
        (told,) = line["_aws"]["CloudWatchMetrics"]
        (names,) = told["Dimensions"]
        dimensions = tuple((name, line[name]) for name in names if name != "service")
        for metric in told["Metrics"]:
            values = tuple(line[metric["Name"]])
            yield Metric(metric["Name"], metric["Unit"], values, dimensions)


def counted(text: str) -> dict[str, float]:
    """The sum of each metric that counts."""
    found = [metric for metric in metrics_in(text) if metric.unit == "Count"]
    return {metric.name: sum(metric.values) for metric in found}
