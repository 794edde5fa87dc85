"""A module's backend and its sensitive variables are found however the module is written."""

from pathlib import Path

import pytest

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform.module import read_module
from tests.task_builders import write_files

BACKENDS = {
    "none": ('resource "x" "y" {}', None),
    "an empty file": ("", None),
    "s3": ('terraform {\n  backend "s3" {\n    bucket = "b"\n  }\n}', "s3"),
    "on one line": ('terraform { backend "s3" {} }', "s3"),
    "without quotes": ("terraform {\n backend s3 {}\n}", "s3"),
    "after a byte order mark": ('\ufeffterraform {\n backend "s3" {}\n}', "s3"),
    "with Windows line ends": ('terraform {\r\n  backend "s3" {\r\n  }\r\n}\r\n', "s3"),
    "after other settings": (
        'terraform {\n  required_version = ">= 1.0"\n  required_providers {\n'
        '    aws = { source = "hashicorp/aws" }\n  }\n  backend "gcs" {}\n}',
        "gcs",
    ),
    "in a second block": ('terraform {}\nterraform {\n backend "http" {}\n}', "http"),
    "cloud": ('terraform {\n  cloud {\n    organization = "o"\n  }\n}', "cloud"),
    "in a # comment": ('terraform {\n  # backend "s3" {}\n}', None),
    "in a // comment": ('terraform {\n  // backend "s3" {}\n}', None),
    "in a /* comment */": ('terraform {\n  /* \n backend "s3" {\n } */\n}', None),
    "after a comment with a quote": ('# it"s\nterraform {\n backend "s3" {}\n}', "s3"),
    "after a comment that holds a brace": ('/* { */ terraform {\n backend "s3" {}\n}', "s3"),
    "in a text": ('locals {\n  t = "terraform { backend \\"s3\\" {} }"\n}', None),
    "in a heredoc": ('locals {\n t = <<EOT\nterraform {\n backend "s3" {}\n}\nEOT\n}', None),
    "in an indented heredoc": (
        'locals {\n t = <<-EOT\n  }\n  terraform {\n   backend "s3" {}\n  }\n  EOT\n}\n',
        None,
    ),
    "after a heredoc": (
        'locals {\n t = <<EOT\n"{{ ${\nEOT\n}\nterraform {\n backend "s3" {}\n}',
        "s3",
    ),
    "after a text with templates": (
        'locals {\n t = "${lookup({a = "}"}, "a")} %{ if true }{%{ endif }"\n}\n'
        'terraform {\n backend "s3" {}\n}',
        "s3",
    ),
    "after a text with escapes": (
        'locals {\n t = "\\" { $${ %%{ \\\\"\n}\nterraform {\n backend "s3" {}\n}',
        "s3",
    ),
    "in another block": ('resource "a" "b" {\n terraform {\n  backend "s3" {}\n }\n}', None),
    "nested too deeply": ('terraform {\n x {\n  backend "s3" {}\n }\n}', None),
    "an attribute of that name": ("terraform {\n  backend = {}\n}", None),
    "an object of that name": ('terraform = {\n backend "s3" {}\n}', None),
    "never closed": ('terraform {\n  backend "s3" {', "s3"),
    "a text that is never closed": ('terraform {\n  x = "\n  backend "s3" {}', None),
}


@pytest.mark.parametrize(("text", "backend"), BACKENDS.values(), ids=BACKENDS)
def test_the_backend_is_found_in_hcl(tmp_path: Path, text: str, backend: str | None) -> None:
    (tmp_path / "main.tf").write_text(text, newline="")

    assert read_module(tmp_path).backend == backend


JSON_BACKENDS = {
    "none": ("{}", None),
    "s3": ('{"terraform": {"backend": {"s3": {"bucket": "b"}}}}', "s3"),
    "blocks as lists": ('{"terraform": [{}, {"backend": [{"s3": {}}]}]}', "s3"),
    "the file as a list": ('[{"terraform": {"backend": {"s3": {}}}}]', "s3"),
    "cloud": ('{"terraform": {"cloud": {"organization": "o"}}}', "cloud"),
    "in a comment": ('{"//": {"terraform": {"backend": {"s3": {}}}}}', None),
    "a backend that is no object": ('{"terraform": {"backend": "s3"}}', None),
    "not JSON": ("{", None),
    "nested deeply": ("[" * 50_000, None),
}


@pytest.mark.parametrize(("text", "backend"), JSON_BACKENDS.values(), ids=JSON_BACKENDS)
def test_the_backend_is_found_in_json(tmp_path: Path, text: str, backend: str | None) -> None:
    (tmp_path / "main.tf.json").write_text(text)

    assert read_module(tmp_path).backend == backend


SENSITIVE = {
    "none": ('variable "a" { type = string }', set()),
    "one line": ('variable "a" { sensitive = true }', {"a"}),
    "several lines": ('variable "a" {\n type = string\n sensitive=true # !\n}', {"a"}),
    "as a text": ('variable "a" {\n sensitive = "true"\n}', {"a"}),
    "not sensitive": ('variable "a" {\n sensitive = false\n}', set()),
    "ephemeral": ('variable "a" {\n ephemeral = true\n}', {"a"}),
    "two of three": (
        'variable "a" {\n sensitive = true\n}\nvariable "b" {}\nvariable c {\nsensitive = true\n}',
        {"a", "c"},
    ),
    "an output": ('output "a" {\n value = 1\n sensitive = true\n}', set()),
}


@pytest.mark.parametrize(("text", "names"), SENSITIVE.values(), ids=SENSITIVE)
def test_sensitive_variables_are_found_in_hcl(tmp_path: Path, text: str, names: set[str]) -> None:
    (tmp_path / "main.tf").write_text(text)

    assert read_module(tmp_path).sensitive == names


def test_sensitive_variables_are_found_in_json(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "a.tf.json": '{"variable": {"a": {"sensitive": true}, "b": {}}}',
            "b.tf.json": '{"variable": [{"c": [{"sensitive": "true"}]}, {"d": null}]}',
        },
    )

    assert read_module(tmp_path).sensitive == {"a", "c"}


def test_only_files_that_terraform_reads_count(tmp_path: Path) -> None:
    backend = 'terraform {\n backend "s3" {}\n}'
    write_files(
        tmp_path,
        {
            "main.tf": "",
            "notes.txt": backend,
            ".hidden.tf": backend,
            "#main.tf#": backend,
            "main.tf~": backend,
            "sub/main.tf": backend,
            "main.tofu": backend,
        },
    )

    assert read_module(tmp_path).backend is None
    assert read_module(tmp_path, tofu=True).backend == "s3"


@pytest.mark.parametrize("name", ["readme.md", "sub/main.tf", ".main.tf"])
def test_a_source_without_terraform_files_is_refused(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {name: ""})

    with pytest.raises(TaskFailedError, match=r"no Terraform files: .* \.tf or \.tf\.json"):
        read_module(tmp_path)


OUTPUTS = {
    "none": ({"main.tf": 'variable "output" {}\nlocals {\n output = {}\n}'}, False),
    "one": ({"main.tf": 'output "o" {\n value = 1\n}'}, True),
    "without quotes": ({"main.tf": "output o { value = 1 }"}, True),
    "in another file": ({"main.tf": "", "outputs.tf": 'output "o" { value = 1 }'}, True),
    "in JSON": ({"main.tf.json": '{"output": {"o": {"value": 1}}}'}, True),
    "in a list of JSON": ({"main.tf.json": '[{"output": [{"o": {"value": 1}}]}]'}, True),
    "none in JSON": ({"main.tf.json": '{"locals": {"output": {"o": 1}}}'}, False),
    "of a module inside": ({"main.tf": "", "sub/main.tf": 'output "o" { value = 1 }'}, False),
    "in a comment": ({"main.tf": '# output "o" { value = 1 }'}, False),
}


@pytest.mark.parametrize(("files", "has_outputs"), OUTPUTS.values(), ids=OUTPUTS)
def test_a_module_says_whether_it_has_outputs(
    tmp_path: Path, files: dict[str, str], has_outputs: bool
) -> None:
    assert read_module(write_files(tmp_path, files)).has_outputs is has_outputs
