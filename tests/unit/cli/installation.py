"""An installation that is made of fakes, for commands that read stacks and send events."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import pytest

from cloudseam.persistence.memory import (
    InMemoryClaimRepository,
    InMemoryMachineVersions,
    InMemoryStackRepository,
)
from cloudseam.persistence.store import Store
from cloudseam.stack import Stack
from cloudseam_cli import stack_store
from cloudseam_cli.target import Target


@dataclass
class Installation:
    """Its store, and the bodies that were sent to its event queue, each with an effect at once."""

    stacks: InMemoryStackRepository = field(default_factory=InMemoryStackRepository)
    claims: InMemoryClaimRepository = field(default_factory=InMemoryClaimRepository)
    versions: InMemoryMachineVersions = field(default_factory=InMemoryMachineVersions)
    sent: list[dict[str, Any]] = field(default_factory=list)
    effect: Callable[[dict[str, Any]], object] = lambda body: None

    @property
    def store(self) -> Store:
        """All that it keeps."""
        return Store(self.stacks, self.claims, self.versions)

    def put(self, *stacks: Stack) -> None:
        """Has these stacks stored, each with one commit."""
        assert not self.stacks.save([replace(stack, version=0) for stack in stacks])

    def change(self, stack_id: str, change: Callable[[Stack], Stack]) -> None:
        """Commits a change of a stack."""
        assert not self.stacks.save([change(self.stacks.load([stack_id]).stacks[stack_id])])

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:
        """As a client for SQS has it."""
        assert QueueUrl == "queue-url"
        self.sent.append(json.loads(MessageBody))
        self.effect(self.sent[-1])


def installed(monkeypatch: pytest.MonkeyPatch, *commands: ModuleType) -> Installation:
    """The installation that commands find."""
    there = Installation()
    target = Target(None, "queue-url", "Stacks")
    for command in commands:
        monkeypatch.setattr(command, "find_target", lambda args: target)
    monkeypatch.setattr(Target, "client", lambda self, service: there)
    monkeypatch.setattr(stack_store, "store_of", lambda target: there.store)
    return there
