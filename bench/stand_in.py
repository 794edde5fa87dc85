"""The stand-in for AWS as those who measure see it: started, set, and asked what was called."""

import http.client
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Taken:
    """What was called since the last look, by operation, and the bodies that were sent."""

    calls: Counter[str] = field(default_factory=Counter)
    messages: tuple[str, ...] = ()


class StandIn:
    """Its process, from `with` on; it ends with this one however that ends."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.aws"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.communicate()

    @property
    def url(self) -> str:
        """The endpoint for every service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that make any AWS client talk to it, and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def set_latency(self, seconds: float) -> None:
        """Has every answer wait so long from now on."""
        self._call("Set", latency=seconds)

    def set_secret(self, text: str) -> None:
        """What Secrets Manager answers from now on."""
        self._call("Set", secret=text)

    def take(self) -> Taken:
        """What was called and sent since the last look."""
        taken = self._call("Take")
        return Taken(Counter(taken["calls"]), tuple(taken["messages"]))

    def _call(self, operation: str, **asked: Any) -> Any:
        target = {"X-Amz-Target": f"Bench.{operation}"}
        self._connection.request("POST", "/", json.dumps(asked), target)
        return json.loads(self._connection.getresponse().read())
