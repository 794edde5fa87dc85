"""The process of a function on this computer: what it does beside polling."""

import threading
from typing import Any

import pytest

from cloudseam_cli.local import worker as process
from cloudseam_cli.local.worker import FUNCTIONS, STATE_MACHINE, SWEEP_SECONDS, Worker
from tests.processes import wait_until


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_state_machine_sweeps_by_itself_and_the_satisfier_does_not(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[Any, ...]] = []
    polled = threading.Event()
    monkeypatch.setattr("boto3.client", lambda *_, **__: None)
    monkeypatch.setattr("cloudseam.poller.poll", lambda *_, **__: polled.set())
    monkeypatch.setattr("cloudseam.schedule.call_every", lambda *given, **_: called.append(given))
    for name in ("SQS_EVENT_QUEUE_URL", "SQS_TASK_QUEUE_URL"):
        monkeypatch.setenv(name, "queue")

    def handler(event: dict[str, Any], context: Any) -> None: ...

    worker = Worker(handler, lambda report: None, lambda event: (), interrupt=lambda: None)
    process._poll(function, worker)

    sweeps = [(SWEEP_SECONDS, handler, {"sweep": True}, worker.stop)]
    expected = sweeps if function == STATE_MACHINE else []
    assert polled.is_set()
    assert wait_until(lambda: len(called) >= len(expected))
    assert called == expected
