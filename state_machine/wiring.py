"""Ports and adapters of the state machine function, put together from its settings.

An adapter is imported where it is chosen: a container waits for the import of no other.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from cloudseam.aws import make_client
from cloudseam.buses import Bus
from cloudseam.clock import Clock, SystemClock
from cloudseam.dead_letters import DeadLetters
from cloudseam.locators import MachineLocator, SnapshotMachineLocator
from cloudseam.observability import count
from cloudseam.outbox import Outbox
from cloudseam.persistence.store import Store, open_store
from cloudseam.pinned_machines import LatestMachines, PinnedMachines
from cloudseam.queues import Queue
from cloudseam.queues.sqs import SqsQueue
from cloudseam.service import StackService
from cloudseam.timers import NoTimers, Timers
from cloudseam.timers.queue import QueueTimers
from state_machine.settings import StateMachineSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from cloudseam.sweep import Sweep
    from cloudseam.timers.scheduler import SchedulerClient


def build_store(settings: StateMachineSettings) -> Store:
    """Where stacks are kept."""
    return open_store(
        settings,
        full_history=settings.history == "full",
        batched=settings.dynamodb_writes == "batched",
    )


def build_service(
    settings: StateMachineSettings, store: Store, locator: MachineLocator
) -> StackService:
    """The service over a store, SQS, and machines of a folder or a bucket."""
    clock = SystemClock()
    of_stacks = PinnedMachines if settings.machine_versions == "pinned" else LatestMachines
    containers = settings.container_task_queue_url
    return StackService(
        stacks=store.stacks,
        machines=of_stacks(locator, store.versions),
        outbox=Outbox(
            tasks=SqsQueue(_sqs(), settings.task_queue_url, settings.tenant),
            timers=build_timers(settings, clock),
            events=build_event_queue(settings),
            letters=_letters(settings),
            container_tasks=SqsQueue(_sqs(), containers) if containers else None,
            bus=build_bus(settings),
        ),
        clock=clock,
        requires_token=settings.requires_token,
        on_conflicts=partial(count, "CommitConflicts"),
    )


def build_machines(settings: StateMachineSettings) -> SnapshotMachineLocator:
    """Machines from a bucket, or from a folder."""
    if settings.machine_bucket and settings.machine_locator == "S3":
        from cloudseam.locators.s3 import S3MachineLocator

        return S3MachineLocator(
            make_client("s3"),
            settings.machine_bucket,
            settings.machine_key,
            refresh=settings.machine_refresh,
        )
    from cloudseam.locators.folder import FolderMachineLocator

    return FolderMachineLocator(settings.machine_spec_dir or "")


def build_sweep(settings: StateMachineSettings, store: Store, service: StackService) -> Sweep:
    """The sweep over the same store."""
    from cloudseam.sweep import Sweep

    return Sweep(
        store.stacks,
        store.claims,
        service,
        SystemClock(),
        lost_after=settings.task_lost_after,
    )


def build_event_queue(settings: StateMachineSettings) -> Queue | None:
    """The queue that events come from, if it is known."""
    if settings.event_queue_url is None:
        return None
    return SqsQueue(_sqs(), settings.event_queue_url, settings.tenant)


def build_dead_letters(settings: StateMachineSettings) -> DeadLetters:
    """Dead letters on SQS, as far as the settings name the queues."""
    return DeadLetters(
        letters=_letters(settings),
        source=build_event_queue(settings),
        max_receives=settings.max_receive_count,
    )


def build_source_letters(settings: StateMachineSettings) -> DeadLetters:
    """Dead letters of events that come from elsewhere: no queue hides them for a while."""
    return DeadLetters(
        letters=_letters(settings), source=None, max_receives=settings.max_receive_count
    )


def _letters(settings: StateMachineSettings) -> Queue | None:
    url = settings.dead_letter_queue_url
    return SqsQueue(_sqs(), url) if url else None


def now() -> float:
    """The time, in epoch seconds."""
    return SystemClock().draw().now / 1000


def build_bus(settings: StateMachineSettings) -> Bus | None:
    """The bus that is told of transitions, if there is one."""
    if settings.transition_bus is None:
        return None
    from cloudseam.buses.eventbridge import EventBridgeBus

    client = make_client("events")
    return EventBridgeBus(client, settings.transition_bus, settings.event_queue_arn)


def build_timers(settings: StateMachineSettings, clock: Clock) -> Timers:
    """Timers on the event queue, and far ones on Scheduler, as far as the settings name these."""
    events = build_event_queue(settings)
    if events is None:
        return NoTimers()
    near, schedules = QueueTimers(events, clock), settings.schedules
    if schedules is None:
        return near
    from cloudseam.timers.scheduler import SchedulerTimers

    return SchedulerTimers(_scheduler, schedules, near, clock)


@cache
def _scheduler() -> SchedulerClient:
    """Made for the first far timer: most containers never set one."""
    client: SchedulerClient = make_client("scheduler")
    return client


@cache
def _sqs() -> SQSClient:
    client: SQSClient = make_client("sqs")
    return client
