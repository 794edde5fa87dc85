"""Text for a terminal."""

import time
from collections.abc import Iterator

import pytest

from cloudseam_cli.moment import moment
from cloudseam_cli.text import columns, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain ünï → …", "plain ünï → …", id="plain"),
        pytest.param("a\nb\r\nc", "a\nb\nc", id="line-breaks-stay"),
        pytest.param("a\tb", "a    b", id="tab"),
        pytest.param("\x1b[2Jx", "\ufffd[2Jx", id="escape"),
        pytest.param("a\rb\x00\x07\x9b", "a\ufffdb\ufffd\ufffd\ufffd", id="control"),
        pytest.param("\u202eevil", "\ufffdevil", id="direction-override"),
        pytest.param("\ud800", "\ufffd", id="half-a-pair"),
    ],
)
def test_text_gives_no_orders_to_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_columns_are_aligned_and_one_line_each() -> None:
    assert columns([("a", "bbb", ""), ("cc\ncc", "d", "e")]) == ["a      bbb", "cc cc  d    e"]


@pytest.fixture
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_in_utc")
@pytest.mark.parametrize(
    ("epoch_ms", "shown"),
    [
        pytest.param(1_700_000_000_999, "2023-11-14 22:13:20+00:00", id="to-the-second"),
        pytest.param(0, "-", id="none"),
        pytest.param(-5, "-", id="negative"),
        pytest.param(10**30, "-", id="beyond-the-calendar"),
    ],
)
def test_a_moment_is_shown_in_the_computers_zone(epoch_ms: int, shown: str) -> None:
    assert moment(epoch_ms) == shown
