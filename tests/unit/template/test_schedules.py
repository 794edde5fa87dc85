"""Scheduler sends timers and sweeps, and can do nothing else."""

import json

from tests.template import RESOURCES, statement, statements


def test_scheduler_may_send_to_the_event_queue_and_nothing_else() -> None:
    assert [each for each in statements("TimerRole") if each["Sid"] != "UseKey"] == [
        {
            "Sid": "SendTimers",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": {"Fn::GetAtt": "EventQueue.Arn"},
        }
    ]
    (assumes,) = RESOURCES["TimerRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert assumes["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert assumes["Condition"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"},
        "aws:SourceArn": {"Fn::GetAtt": "TimerGroup.Arn"},
    }


def test_the_state_machine_schedules_in_its_own_group_and_passes_one_role_to_scheduler() -> None:
    schedules = statement("StateMachineRole", "SetFarTimers")["Resource"]["Fn::Sub"]
    passes = statement("StateMachineRole", "HaveSchedulerSend")

    assert schedules.endswith(":schedule/${TimerGroup}/*")
    assert passes["Resource"] == {"Fn::GetAtt": "TimerRole.Arn"}
    assert passes["Condition"] == {
        "StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}
    }


def test_deployments_side_by_side_have_schedules_of_their_own() -> None:
    sweep = RESOURCES["StateMachineFunctionSweep"]["Properties"]

    assert sweep["Name"] == {"Fn::Sub": "${AWS::StackName}-sweep"}


def test_the_sweep_is_on_a_schedule_that_the_function_understands() -> None:
    sweep = RESOURCES["StateMachineFunctionSweep"]["Properties"]

    assert "sweep" in json.loads(sweep["Target"]["Input"])
    assert sweep["ScheduleExpression"] == {"Ref": "SweepRate"}
