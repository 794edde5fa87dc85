"""Commits written up to 25 a call: BatchExecuteStatement, each statement with its own outcome."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import CloudSeamError
from cloudseam.persistence.dynamodb.commits import Commit, refusal
from cloudseam.persistence.dynamodb.items import unavailable
from cloudseam.persistence.dynamodb.single_writes import SingleWrites
from cloudseam.persistence.row import NAMES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef

# BatchExecuteStatement takes at most 25 statements (API reference). It names no limit in bytes;
# this is the one of TransactWriteItems, which has as many parts.
STATEMENTS_PER_CALL = 25
BYTES_PER_CALL = 4_000_000
CALLS_AT_ONCE = 8
# One commit alone is a PutItem: it costs the same, and every emulator knows it.
FEWEST = 2
WRITE_ATTEMPTS = 4
# A statement that failed with one of these is tried again, alone; the others have been written.
PASSING = {
    "InternalServerError",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "ThrottlingError",
}
# These are tried again by themselves: of a row that is there already, PutItem tells whether it is
# the original's, which has no version; and what PartiQL may not do, it may.
WRITTEN_SINGLY = {"AccessDenied", "DuplicateItem"}
# A whole call that failed with one of these would only add to the trouble as many calls.
OVERLOADED = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
}

# After these there is no use in asking again; of any other failure the next batch may see nothing.
REFUSED = {"AccessDenied", "AccessDeniedException", "UnknownOperationException"}

logger = logging.getLogger(__name__)


class BatchedWrites:
    """Writes commits by BatchExecuteStatement.

    Where the call fails, its commits are written by single calls; each is conditional, so nothing
    is written twice. Where it cannot be used at all, as by a role without `dynamodb:PartiQLUpdate`,
    or on an emulator that does not know it, so are all from then on.
    """

    def __init__(self, client: DynamoDBClient, table: str, single: SingleWrites) -> None:
        self._client = client
        self._table = '"{}"'.format(table.replace('"', '""'))
        self._single = single
        self._texts: dict[tuple[tuple[str, ...], bool], str] = {}
        self._is_refused = False

    def write(self, commits: Sequence[Commit]) -> Mapping[str, CloudSeamError]:
        """Writes each; what failed, by stack id. One of several rows is a transaction."""
        if alone := [commit for commit in commits if commit.beside]:
            others = [commit for commit in commits if not commit.beside]
            return {**self._single.write(alone), **(self.write(others) if others else {})}
        if self._is_refused or len(commits) < FEWEST:
            return self._single.write(commits)
        calls = list(_calls(commits))
        if len(calls) < 2:
            return self._write(calls[0])
        with ThreadPoolExecutor(min(len(calls), CALLS_AT_ONCE)) as pool:
            results = list(pool.map(self._write, calls))
        return {name: error for result in results for name, error in result.items()}

    def _write(self, commits: Sequence[Commit]) -> Mapping[str, CloudSeamError]:
        try:
            return self._executed(commits)
        except BotoCoreError as error:  # nobody answered
            return {commit.stack.id: unavailable("write the stacks", error) for commit in commits}
        except ClientError as error:
            if error_name(error) in OVERLOADED:
                return {
                    commit.stack.id: unavailable("write the stacks", error) for commit in commits
                }
            self._note_failure(error_name(error), is_final=error_name(error) in REFUSED)
            return self._single.write(commits)
        except Exception as error:  # an emulator within this process raises what it likes
            self._note_failure(error_name(error), is_final=True)
            return self._single.write(commits)

    def _note_failure(self, reason: str, *, is_final: bool) -> None:
        self._is_refused = self._is_refused or is_final
        logger.warning(
            "Stacks are written one call each: BatchExecuteStatement failed",
            extra={"reason": reason, "from_now_on": is_final},
        )

    def _executed(self, commits: Sequence[Commit]) -> Mapping[str, CloudSeamError]:
        codes: dict[str, str] = {}
        left = commits
        for attempt in range(WRITE_ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0, 0.05 * 2**attempt))
            codes |= self._execute(left)
            left = [commit for commit in left if codes[commit.stack.id] in PASSING]
            if not left:
                break
        if refusals := REFUSED.intersection(codes.values()):
            self._note_failure(min(refusals), is_final=True)
        failed = [commit for commit in commits if codes[commit.stack.id]]
        singly = [commit for commit in failed if codes[commit.stack.id] in WRITTEN_SINGLY]
        refused = {
            commit.stack.id: refusal(commit.stack, {code}, _error(code))
            for commit in failed
            if (code := codes[commit.stack.id]) not in WRITTEN_SINGLY
        }
        return {**refused, **self._single.write(singly)} if singly else refused

    def _execute(self, commits: Sequence[Commit]) -> dict[str, str]:
        """One call; the code of each statement's error by stack id, empty where it was written."""
        answer = self._client.batch_execute_statement(
            Statements=[self._statement(commit) for commit in commits]
        )
        answers: list[Any] = list(answer["Responses"])
        return {
            commit.stack.id: answered.get("Error", {}).get("Code", "")
            for commit, answered in zip(commits, answers, strict=True)
        }

    def _statement(self, commit: Commit) -> BatchStatementRequestTypeDef:
        values, read = commit.item, commit.stack.version
        text = self._text(tuple(values), is_new=not read)
        if not read:
            return {"Statement": text, "Parameters": list(values.values())}
        id_and_version = [values["id"], {"N": str(read)}]
        changed = [value for name, value in values.items() if name != "id"]
        return {"Statement": text, "Parameters": [*changed, *id_and_version]}

    def _text(self, names: tuple[str, ...], *, is_new: bool) -> str:
        text = self._texts.get((names, is_new))
        if text is None:
            text = _insert(self._table, names) if is_new else _update(self._table, names)
            self._texts[names, is_new] = text
        return text


def _insert(table: str, names: Sequence[str]) -> str:
    values = ", ".join(f"'{name}': ?" for name in names)
    return f"INSERT INTO {table} VALUE {{{values}}}"


def _update(table: str, names: Sequence[str]) -> str:
    """The row as a whole: what it does not have any more is removed."""
    kept = " ".join(f'SET "{name}" = ?' for name in names if name != "id")
    gone = "".join(f' REMOVE "{name}"' for name in NAMES if name not in names)
    return f'UPDATE {table} {kept}{gone} WHERE "id" = ? AND "version" = ?'


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "BatchExecuteStatement")


def _calls(commits: Sequence[Commit]) -> Iterator[Sequence[Commit]]:
    """The commits, cut so that each call keeps both limits."""
    call: list[Commit] = []
    size = 0
    for commit in commits:
        if call and (len(call) == STATEMENTS_PER_CALL or size + commit.size > BYTES_PER_CALL):
            yield call
            call, size = [], 0
        call.append(commit)
        size += commit.size
    if call:
        yield call
