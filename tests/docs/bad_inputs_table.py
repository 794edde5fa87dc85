"""The table of bad inputs in SECURITY.md, counted from the tests.

`python -m tests.docs.bad_inputs_table` prints it.
"""

from importlib import import_module
from math import prod

# By surface, the tests whose cases are bad inputs of it.
SURFACES: dict[str, list[str]] = {
    "events and answers": [
        "unit.test_bad_events::test_a_bad_message_is_refused_with_its_reason_and_changes_nothing",
        "unit.test_messages::test_a_refusal_names_the_field",
    ],
    "task messages": [
        "unit.task_satisfier.test_satisfier"
        "::test_what_is_no_task_message_is_refused_with_a_reason_and_runs_nothing",
        "unit.test_messages::test_a_task_message_without_a_needed_field_is_refused",
    ],
    "messages of a sweep": [
        "unit.test_bad_invocations"
        "::test_a_message_that_only_looks_like_a_sweeps_is_judged_as_an_event",
    ],
    "invocations of a function": [
        "unit.test_bad_invocations::test_it_is_refused_before_anything_is_handled_and_not_shown",
    ],
    "rows of a store": [
        "unit.test_row::test_a_damaged_field_is_named_and_nothing_else_is_raised",
        "unit.test_row::test_a_damaged_task_is_named_and_nothing_else_is_raised",
        "unit.test_row::test_a_text_that_is_not_the_stacks_row_is_unreadable",
        "integration.test_state_machine_function"
        "::test_a_damaged_row_is_left_as_it_is_and_costs_the_others_nothing",
    ],
    "machine files": [
        "unit.languages.test_findings::test_a_file_has_these_findings_and_no_others",
        "unit.languages.test_hostile_files"
        "::test_a_hostile_file_is_refused_with_its_reason_and_little_memory",
    ],
    "paths of machines": [
        "unit.locators.test_folder"
        "::test_a_link_that_leaves_the_folder_or_ends_nowhere_is_left_alone",
        "unit.test_s3_locator::test_a_name_never_escapes_the_prefix",
    ],
    "configuration and variables of Terraform tasks": [
        "unit.task_satisfier.terraform.test_executor"
        "::test_a_config_that_cannot_work_says_so_and_runs_nothing",
        "unit.task_satisfier.terraform.test_variables"
        "::test_a_config_with_a_name_that_cannot_be_a_variable_is_refused",
        "unit.task_satisfier.terraform.test_variables"
        "::test_metadata_that_cannot_be_a_variable_is_left_out",
    ],
    "modules, and keys of S3": [
        "unit.task_satisfier.terraform.test_s3_source"
        "::test_a_key_that_would_leave_the_folder_is_refused",
        "unit.task_satisfier.terraform.test_s3_source"
        "::test_a_single_object_with_such_a_name_is_refused",
        "unit.task_satisfier.terraform.test_s3_source::test_a_bucket_that_cannot_be_is_a_failed_task",
        "unit.task_satisfier.terraform.test_local_source"
        "::test_a_link_that_leads_out_is_not_followed",
    ],
    "outputs of Terraform": [
        "unit.task_satisfier.terraform.test_outputs"
        "::test_an_output_that_an_answer_cannot_have_is_left_out_with_a_note",
        "unit.task_satisfier.terraform.test_outputs::test_what_is_not_outputs_is_refused",
    ],
    "configuration and results of Lambda tasks": [
        "unit.task_satisfier.test_aws_lambda"
        "::test_a_config_that_cannot_work_says_so_and_invokes_nothing",
        "unit.task_satisfier.test_aws_lambda::test_an_error_that_is_no_json_object_is_told_as_it_is",
        "unit.task_satisfier.test_aws_lambda::test_what_the_function_returns_is_not_looked_at",
    ],
    "names, inputs, contexts and events of Python actions": [
        "unit.task_satisfier.python.test_action_path::test_what_is_no_dotted_name_is_refused",
        "unit.task_satisfier.python.test_action_path"
        "::test_what_lies_elsewhere_is_neither_imported_nor_run",
        "unit.task_satisfier.python.test_action_path"
        "::test_a_link_that_leads_out_is_refused_before_its_code_is_run",
        "unit.task_satisfier.python.test_action_path::test_what_is_no_action_is_refused",
        "unit.task_satisfier.python.test_executor::test_an_input_that_cannot_be_read_fails",
        "unit.task_satisfier.python.test_executor"
        "::test_a_context_that_is_not_json_fails_with_the_path",
        "unit.task_satisfier.python.test_executor::test_what_is_no_event_fails",
        "unit.task_satisfier.python.test_executor::test_a_delay_that_is_none_fails",
        "unit.task_satisfier.python.test_executor::test_outputs_that_a_stack_cannot_keep_fail",
        "unit.test_stored_context::test_what_is_not_what_was_written_is_refused",
        "unit.test_stored_context::test_a_key_of_something_else_is_not_touched",
    ],
    "dead letters": [
        "unit.dead_letters.test_bad_letters"
        "::test_it_is_judged_without_a_write_and_listed_without_a_value",
        "unit.dead_letters.test_bad_letters::test_a_letter_that_nobody_of_us_wrote_is_read",
    ],
    "settings": ["unit.test_bad_settings::test_it_is_named_and_its_value_is_not_shown"],
    "the database's secret, and its authorities": [
        "integration.postgres.test_connection"
        "::test_a_secret_that_does_not_hold_what_is_needed_is_explained",
        "unit.test_postgres_tls::test_an_unusable_file_of_authorities_is_named",
    ],
    "arguments of the command line": [
        "unit.cli.test_bad_arguments"
        "::test_a_command_line_that_makes_no_sense_ends_with_2_and_says_why",
        "unit.cli.test_main::test_a_command_line_that_cannot_be_read_ends_with_2",
        "unit.cli.test_send::test_what_was_typed_as_metadata_is_not_told",
        "unit.cli.test_send::test_a_message_that_would_be_refused_is_not_sent",
        "unit.cli.test_send::test_options_that_make_no_sense_are_refused_with_code_2",
        "unit.cli.test_start_machine"
        "::test_what_no_machine_can_be_started_by_is_refused_and_not_told",
        "unit.cli.test_dlq::test_a_command_line_that_makes_no_sense_is_refused",
        "unit.cli.test_cost::test_a_load_that_cannot_be_is_refused",
    ],
    "files that commands are given": [
        "unit.cli.test_bad_arguments::test_a_file_that_cannot_be_used_is_named_with_what_is_wrong",
        "unit.costs.test_price_file::test_what_cannot_be_used_is_refused_with_its_place",
        "unit.cli.test_cost::test_a_file_that_cannot_be_used_is_told",
        "unit.cli.test_target::test_a_file_that_makes_no_sense_counts_as_none",
    ],
}


def cases(test: str) -> int:
    """How many cases a test has: the product of its parameters."""
    module, name = test.split("::")
    marks = getattr(import_module(f"tests.{module}"), name).pytestmark
    return prod(len(mark.args[1]) for mark in marks if mark.name == "parametrize")


def bad_inputs_table() -> str:
    """One row per surface, and the sum."""
    counts = {surface: sum(map(cases, tests)) for surface, tests in SURFACES.items()}
    rows = [f"| {surface} | {number} |" for surface, number in counts.items()]
    return "\n".join(
        [
            "| surface | cases |",
            "|---|---|",
            *rows,
            f"| **together** | **{sum(counts.values())}** |",
        ]
    )


if __name__ == "__main__":
    print(bad_inputs_table())
