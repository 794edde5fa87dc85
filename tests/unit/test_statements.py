"""SQL is what a file says, and no value from outside is ever put into it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    ROOT / "layers" / "cloudseam" / "cloudseam" / "persistence" / "postgres",
    ROOT / "cloudseam_cli",
)
# What carries a statement to the database, in the files that have one.
CARRIERS = {"read", "write", "run", "execute", "_read", "_write", "_run"}
FILES = sorted(
    path
    for folder in FOLDERS
    for path in folder.rglob("*.py")
    if "PostgresConnection" in path.read_text() or "SELECT " in path.read_text()
)


def made_up(tree: ast.AST) -> Iterator[str]:
    """Arguments of a call that carries a statement, which are put together in place."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in CARRIERS:
            for argument in call.args:
                if _is_put_together(argument):
                    yield ast.unparse(call)


def _is_put_together(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return getattr(node.func, "attr", "") in ("format", "join", "replace")
    return isinstance(node, ast.JoinedStr | ast.BinOp)


def test_the_files_with_statements_are_found() -> None:
    assert {"stacks.py", "claims.py", "postgres_place.py"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_statement_is_a_constant_where_it_is_run(path: Path) -> None:
    assert list(made_up(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "code",
    ["c.read(f'SELECT {x}')", "c.write('DELETE ' + x)", "c.run('SELECT {}'.format(x))"],
)
def test_one_that_is_put_together_is_seen(code: str) -> None:
    assert len(list(made_up(ast.parse(code)))) == 1
