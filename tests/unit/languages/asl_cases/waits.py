"""Waits."""

from tests.unit.languages.asl_cases.case import GONE, INTEGER, NEEDED, ONE, WAITS, Case, at, of

CASES = [
    Case("no time", of("Wait", Seconds=GONE), at("", NEEDED.format(WAITS))),
    Case("two times", of("Wait", SecondsPath="$.s"), at("", ONE.format(WAITS))),
    Case(
        "a second and a moment",
        of("Wait", Timestamp="2030-01-01T00:00:00Z"),
        at("", ONE.format(WAITS)),
    ),
    Case("less than no time", of("Wait", Seconds=-1), at("/Seconds", "Minimum value is 0")),
    Case("too long", of("Wait", Seconds=10**8), at("/Seconds", "Maximum value is 99999999")),
    Case("a text of seconds", of("Wait", Seconds="1"), at("/Seconds", INTEGER)),
    *[
        Case(f"the moment {moment}", of("Wait", Seconds=GONE, Timestamp=moment), [])
        for moment in (
            "2030-01-01T00:00:00Z",
            "2030-01-01T00:00:00.123456789Z",
            "2030-01-01T00:00:00+01:00",
        )
    ],
    *[
        Case(
            f"no moment: {moment}",
            of("Wait", Seconds=GONE, Timestamp=moment),
            at("/Timestamp", "String does not match RFC3339 timestamp"),
        )
        for moment in ("", "2030-01-01", "2030-01-01t00:00:00z", "2030-13-01T00:00:00Z", "$.t")
    ],
]
