"""What waits for labels: found by any of its names, dropped when it is too old, saved whole."""

from models.pending import Pending


def filled(n: int) -> Pending:
    """Rows at the times 0, 1, 2 and so on, named by 100 + n and 200 + n."""
    pending = Pending(2)
    for i in range(n):
        pending.add(i, 100 + i, 200 + i, (float(i), 0.5))
    return pending


def test_a_row_is_found_by_each_of_its_names() -> None:
    """Its event, its payment, and the alert it stood in."""
    pending = filled(3)
    pending.stand_in_alert(1, 999)

    assert [pending.find(name) for name in (101, 201, 999, 5)] == [[1], [1], [1], []]


def test_old_rows_are_dropped_and_the_queue_stays_small() -> None:
    """Ten thousand rows of which a hundred are kept need room for little more than a thousand."""
    pending = Pending(2)
    for i in range(10_000):
        pending.add(i, i, i, (0.0, 0.0))
        while (due := pending.next_due()) is not None and due < i - 50:
            pending.fall_due()
        pending.drop(i - 100)

    assert len(pending) == 101
    assert len(pending.rows) <= 1024


def test_a_saved_queue_is_the_same_queue() -> None:
    """Labels, what has fallen due, and names come back."""
    pending, restored = filled(5), Pending(2)
    pending.fall_due()
    pending.label(3, fraud=True)
    restored.load(*pending.save())

    assert restored.save() == pending.save()
    assert restored.next_due() == 1
    assert not restored.label(3, fraud=True)
    assert restored.inputs(4) == [4.0, 0.5]
