"""Who makes room for whom."""

import random

from server.guard.table import Seats, Table


def table(total: int, per_address: int) -> tuple[Table[int], list[int]]:
    ended: list[int] = []
    return Table(total, per_address, ended.append), ended


def test_the_one_that_waited_longest_makes_room() -> None:
    members, ended = table(3, 3)
    for one in (1, 2, 3):
        assert members.join(one, "a")
    members.busy(1)
    assert members.join(4, "b")
    assert ended == [2]
    members.waiting(1)
    assert members.join(5, "b")
    assert members.join(6, "b")
    assert ended == [2, 3, 4]
    assert members.evicted == 3


def test_an_address_makes_room_among_its_own() -> None:
    members, ended = table(10, 2)
    assert members.join(1, "other")
    assert members.join(2, "many")
    assert members.join(3, "many")
    assert members.join(4, "many")
    assert ended == [2]


def test_when_all_are_busy_a_newcomer_stays_outside() -> None:
    members, ended = table(2, 2)
    for one in (1, 2):
        members.join(one, "a")
        members.busy(one)
    assert not members.join(3, "a")
    assert not members.join(4, "b")
    assert not members.join(5, "b")
    assert ended == [3], "those outside are bounded too"
    assert len(members) == 4
    members.waiting(4)
    members.leave(1)
    assert members.join(6, "c")
    assert ended == [3]
    members.leave(4)
    members.leave(4)
    assert len(members) == 3


def test_it_never_holds_more_than_it_may() -> None:
    rng = random.Random(3)
    members, ended = table(6, 3)
    alive: set[int] = set()
    for one in range(5000):
        if rng.random() < 0.5:
            alive.add(one)
            members.join(one, rng.choice("abcd"))
        elif alive:
            chosen = rng.choice(sorted(alive))
            action = rng.choice((members.busy, members.waiting, members.leave))
            action(chosen)
            if action == members.leave:
                alive.discard(chosen)
        alive -= set(ended)
        assert len(members) == len(alive) <= 6 + 3
        assert set(members._waiting) <= set(members._address)
        assert sum(members._of.values()) == len(members._address) <= 6
        assert all(0 < count <= 3 for count in members._of.values())


def test_seats() -> None:
    seats = Seats(3, 2)
    assert [seats.take(name) is None for name in "aaabb"] == [True, True, False, True, False]
    assert len(seats) == 3
    assert "3 connections" in str(seats.take("c"))
    seats.give("b")
    assert "2 connections of this address" in str(seats.take("a"))
    assert seats.take("c") is None
    for name in "aac":
        seats.give(name)
    assert len(seats) == 0
