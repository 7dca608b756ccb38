"""How a long list is divided into requests, by how long the former ones took."""

import itertools

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils.engine.batches import MOST, SPAN, Batches


def divided(count, first, seconds_a_row):
    """The sizes of the parts of a list, at a server's speed; the speeds repeat."""
    now, speeds, rows, sizes = [0.0], itertools.cycle(seconds_a_row), list(range(count)), []
    seen = []
    for part in Batches(rows, first, lambda: now[0]):
        now[0] += len(part) * next(speeds)
        sizes.append(len(part))
        seen += part
    assert seen == rows
    return sizes


def test_a_list_that_fits_is_one_request():
    assert divided(1000, MOST, [0.0003]) == [1000]
    assert divided(0, MOST, [0.0003]) == []


def test_a_request_has_at_most_so_many_rows():
    assert divided(2500, MOST, [0.0003]) == [1000, 1000, 500]


@pytest.mark.parametrize("seconds", [0.3, 1.0, 4.0])
def test_a_slow_list_goes_in_requests_of_a_span(seconds):
    first, *further = divided(500, 20, [seconds])
    assert first == 20
    assert all(size * seconds <= SPAN for size in further)
    assert all(size * seconds > SPAN - seconds for size in further[:-1])


def test_a_server_that_becomes_slow_gets_less_and_then_more():
    sizes = divided(4000, 200, [0.01, 0.1, 0.01])
    assert sizes[:4] == [200, 1000, 150, 1000]


def test_a_row_that_takes_longer_than_a_request_goes_alone():
    assert divided(4, 2, [60]) == [2, 1, 1]


def test_a_part_that_was_too_large_comes_again_in_smaller_ones():
    parts, seen, sizes = Batches(list(range(100)), 60, lambda: 0.0), [], []
    for part in parts:
        sizes.append(len(part))
        if len(part) > 20:
            assert parts.repeat_smaller(part)
        else:
            seen += part
    assert seen == list(range(100))
    assert sizes == [60, 30, 15, 15, 15, 15, 15, 15, 10]
    for part in (alone := Batches([1], 60)):
        assert not alone.repeat_smaller(part)
