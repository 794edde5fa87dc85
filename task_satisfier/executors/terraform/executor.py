"""Puts a module into a work dir of its own, runs Terraform on it, and removes the work dir."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cloudseam.event import Json
from task_satisfier.executors import OutOfTimeError, TaskFailedError, TaskRun
from task_satisfier.executors.config import parse_config
from task_satisfier.executors.terraform.backend import Backend, StateHome, choose_backend
from task_satisfier.executors.terraform.binary import Binary, find_binary
from task_satisfier.executors.terraform.config import LocalSource, TerraformConfig
from task_satisfier.executors.terraform.environment import environment_for
from task_satisfier.executors.terraform.kept_objects import KeptObjects
from task_satisfier.executors.terraform.local_source import copy_local
from task_satisfier.executors.terraform.locked_change import change_state
from task_satisfier.executors.terraform.module import Module, read_module
from task_satisfier.executors.terraform.outputs import read_outputs
from task_satisfier.executors.terraform.plugin_cache import PluginCache, has_no_space
from task_satisfier.executors.terraform.process import CommandFailedError, Tool
from task_satisfier.executors.terraform.s3_source import download_s3
from task_satisfier.executors.terraform.state_key import StateKey
from task_satisfier.executors.terraform.variables import variables_of, write_variables

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

QUIET = ("-input=false", "-no-color")
# All metadata is given, and each key that the module does not declare would be a paragraph of
# warning around the error that somebody looks for.
BRIEF = ("-compact-warnings",)
# Beside the module's folder, where Terraform does not look by itself.
VARIABLES = "variables.json"
CHANGE = (*QUIET, *BRIEF, "-auto-approve", f"-var-file=../{VARIABLES}")

logger = logging.getLogger("cloudseam.terraform")


@dataclass(frozen=True, slots=True)
class TerraformExecutor:
    """See `task_satisfier.executors.Executor`. `grace` is in seconds, see `Tool`."""

    binary: str | None
    home: StateHome
    grace: float
    s3: Callable[[], S3Client]
    environ: Mapping[str, str]
    plugins: PluginCache
    objects: KeptObjects = field(default_factory=KeptObjects)

    def run(self, run: TaskRun) -> Mapping[str, Json]:
        """Applies or destroys the module; after an apply, its outputs."""
        config = parse_config(TerraformConfig, run.request)
        variables = variables_of(run.request, config)
        binary = find_binary(self.binary, self.environ)
        try:
            with _work_dir() as work, self.plugins.used() as make_room:
                self._fetch(config, work / "module", run)
                module = read_module(work / "module", tofu=binary.is_tofu)
                key = StateKey.of(run.request, config)
                backend = choose_backend(module, key, self.home, binary.locks_with_a_file)
                backend.write(work / "module")
                write_variables(variables, work / VARIABLES)
                tool = self._tool(binary, work, run, module, variables)
                # Wherever it is kept: a state must never have two names.
                with run.hold(f"terraform/{key.object_key}") as past:
                    self._init(tool, backend, work, make_room)
                    change_state(tool, past, config.action, *CHANGE)
                    gives = config.action == "apply" and module.has_outputs
                    return _outputs(tool) if gives else {}
        except OSError as error:
            raise TaskFailedError(
                f"The satisfier's computer did not let it work: {error.strerror} "
                f"({type(error).__name__})."
            ) from error

    def _fetch(self, config: TerraformConfig, folder: Path, run: TaskRun) -> None:
        run.ensure_time()
        if isinstance(config.source, LocalSource):
            copy_local(config.source, folder)
        else:
            download_s3(self.s3(), self.objects, config.source, folder, run)

    def _tool(
        self,
        binary: Binary,
        work: Path,
        run: TaskRun,
        module: Module,
        variables: Mapping[str, Json],
    ) -> Tool:
        place = {"stack_id": run.request.stack_id, "task": run.request.name}
        return Tool(
            path=binary.path,
            folder=work / "module",
            environment=environment_for(work, self.environ)
            | self.plugins.link(work / "plugins", work / "module"),
            redactor=run.redactor.also(
                value for name, value in variables.items() if name in module.sensitive
            ),
            log=partial(logger.info, extra=place),
            time_left=run.time_left,
            grace=self.grace,
            claims_left=run.claims_left,
        )

    def _init(
        self, tool: Tool, backend: Backend, work: Path, make_room: Callable[[], bool]
    ) -> None:
        tool.log(f"State: {backend.type} backend, {backend.argument} {backend.value}")
        init = ("init", *QUIET, backend.option)
        try:
            told = tool.run(*init)
        except CommandFailedError as failure:
            if not has_no_space(failure.lines) or not make_room():
                raise
            tool.log("The disk is full: the providers that were kept are removed")
            shutil.rmtree(work / "plugins")
            self.plugins.link(work / "plugins", work / "module")
            told = tool.run(*init)
        backend.check(work / "state", told)
        self.plugins.keep(work / "plugins", tool.log)


@contextmanager
def _work_dir() -> Iterator[Path]:
    with TemporaryDirectory(prefix="cloudseam-", ignore_cleanup_errors=True) as name:
        work = Path(os.path.realpath(name))
        for folder in ("module", "tmp"):
            (work / folder).mkdir()
        yield work


def _outputs(tool: Tool) -> Mapping[str, Json]:
    """The outputs, or none: what was applied is applied, whether or not they can be read."""
    try:
        return read_outputs(tool.capture("output", "-json", "-no-color"), tool.redactor, tool.log)
    except OutOfTimeError:
        tool.log("Outputs are left out: no time was left to read them")
    except TaskFailedError as error:
        tool.log(f"Outputs are left out: {error}")
    return {}
