"""Every store of claims behaves alike: one holder at a time, and no claim on what has ended."""

from dataclasses import replace
from typing import Any

import pytest

from cloudseam.claim import HOLDERS_KEPT, Claim, Holder
from cloudseam.persistence import ClaimTakenError
from tests.builders import NOW
from tests.contract.stores import Store

LEASE = 60_000


def a_claim(owner: str = "me", *, at: int = NOW, **fields: Any) -> Claim:
    """A claim of a minute."""
    known: dict[str, Any] = {"key": "token", "stack_id": "s", "place": f"{owner}@host"}
    return Claim(**known | {"owner": owner, "since": at, "until": at + LEASE} | fields)


def holder(claim: Claim) -> Holder:
    return Holder(claim.place, claim.since, claim.until)


def there(store: Store, key: str = "token") -> Claim | None:
    """The claim that is kept."""
    return store.claims.find([key]).get(key)


# ---- take


def test_what_nobody_has_is_taken(store: Store) -> None:
    claim = a_claim()

    assert store.claims.take(claim, NOW) is None

    assert there(store) == claim


def test_what_somebody_holds_is_not_free(store: Store) -> None:
    store.claims.take(a_claim("them"), NOW)

    with pytest.raises(ClaimTakenError) as refusal:
        store.claims.take(a_claim("me", at=NOW + LEASE - 1), NOW + LEASE - 1)

    assert refusal.value.holder == a_claim("them")
    assert there(store) == a_claim("them")


def test_other_keys_are_not_touched(store: Store) -> None:
    store.claims.take(a_claim("them"), NOW)

    for key in ("another", "resource/bucket/ż.tfstate", "it's", 'a"b\\c', "{}", "NULL"):
        assert store.claims.take(a_claim(key=key), NOW) is None
        assert there(store, key) == a_claim(key=key)
    assert there(store) == a_claim("them")


def test_a_claim_that_ran_out_is_taken_over_and_remembered_each_time(store: Store) -> None:
    first = a_claim("first")
    second = a_claim("second", at=first.until)
    third = a_claim("third", at=second.until + 5)
    store.claims.take(first, NOW)

    assert store.claims.take(second, second.since) == first
    assert store.claims.take(third, third.since) == replace(second, past=(holder(first),))

    assert there(store) == replace(third, past=(holder(first), holder(second)))


def test_only_so_many_former_holders_are_remembered(store: Store) -> None:
    claims = [a_claim(f"c{n}", at=NOW + n * LEASE) for n in range(HOLDERS_KEPT + 3)]
    for claim in claims:
        store.claims.take(claim, claim.since)

    found = there(store)

    assert found is not None
    assert found.past == tuple(holder(claim) for claim in claims[-HOLDERS_KEPT - 1 : -1])


def test_an_attempt_that_has_ended_is_never_free_again(store: Store) -> None:
    ended = a_claim("them", done=True, answer='{"event": "TASK_COMPLETED"}')
    store.claims.take(a_claim("them"), NOW)
    assert store.claims.renew(ended)

    much_later = NOW + 1_000 * LEASE
    with pytest.raises(ClaimTakenError) as refusal:
        store.claims.take(a_claim("me", at=much_later), much_later)

    assert refusal.value.holder == ended
    assert there(store) == ended


# ---- renew


def test_its_owner_renews_a_claim_as_often_as_it_likes(store: Store) -> None:
    claim = a_claim(past=(Holder("gone@host", 1, 2),))
    store.claims.take(claim, NOW)
    for number in range(1, 4):
        claim = replace(claim, until=NOW + number * 2 * LEASE)
        assert store.claims.renew(claim)

    assert there(store) == claim


def test_its_owner_may_renew_a_claim_that_ran_out_while_nobody_took_it(store: Store) -> None:
    store.claims.take(a_claim(), NOW)

    assert store.claims.renew(a_claim(until=NOW + 10 * LEASE))


def test_a_claim_that_was_taken_over_is_not_renewed(store: Store) -> None:
    store.claims.take(a_claim("slow"), NOW)
    later = a_claim("next", at=NOW + LEASE)
    store.claims.take(later, NOW + LEASE)

    assert not store.claims.renew(a_claim("slow", until=NOW + 10 * LEASE))

    assert there(store) == replace(later, past=(holder(a_claim("slow")),))


def test_a_claim_that_is_not_there_is_not_renewed(store: Store) -> None:
    assert not store.claims.renew(a_claim())

    assert there(store) is None


# ---- release


def test_what_its_owner_gives_back_is_free_at_once_and_its_past_is_gone(store: Store) -> None:
    store.claims.take(a_claim("them", past=(Holder("gone@host", 1, 2),)), NOW)

    store.claims.release(a_claim("them"))

    assert there(store) is None
    assert store.claims.take(a_claim("me", at=NOW + 1), NOW + 1) is None


def test_nobody_else_can_give_a_claim_back(store: Store) -> None:
    store.claims.take(a_claim("them"), NOW)

    store.claims.release(a_claim("me"))

    assert there(store) == a_claim("them")


def test_giving_back_what_is_not_there_does_nothing(store: Store) -> None:
    store.claims.release(a_claim())


# ---- find


def test_claims_are_found_by_key_those_that_ran_out_and_those_that_ended_too(store: Store) -> None:
    claims = [a_claim(key="over", at=NOW - LEASE), a_claim(key="held"), a_claim(key="ended")]
    for claim in claims:
        store.claims.take(claim, claim.since)
    store.claims.renew(replace(claims[2], done=True, answer=""))

    found = store.claims.find(["ended", "no-such", "over", "held", "over"])

    assert found == {
        "over": claims[0],
        "held": claims[1],
        "ended": replace(claims[2], done=True, answer=""),
    }
    assert store.claims.find([]) == {}


def test_more_claims_are_found_than_one_call_takes(store: Store) -> None:
    keys = [f"k{number}" for number in range(130)]
    for key in keys:
        store.claims.take(a_claim(key=key), NOW)

    assert set(store.claims.find([*keys, "no-such"])) == set(keys)
