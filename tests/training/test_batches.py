import numpy as np

from dlrun.training import batch_order


def test_the_order_of_batches_is_pinned_for_ever():
    # What an exported plain script repeats: numpy.random.default_rng([seed, epoch]).permutation(n)
    assert batch_order(0, 0, 10).tolist() == [4, 6, 2, 7, 3, 5, 9, 0, 8, 1]
    assert batch_order(3, 5, 6).tolist() == [5, 0, 2, 4, 1, 3]


def test_every_row_comes_once_an_epoch_and_epochs_differ():
    first, second = batch_order(1, 0, 100), batch_order(1, 1, 100)
    assert sorted(first) == sorted(second) == list(range(100))
    assert not np.array_equal(first, second)


def test_other_random_numbers_drawn_do_not_shift_the_order():
    before = batch_order(2, 2, 50)
    np.random.default_rng(2).random(1000)
    assert np.array_equal(before, batch_order(2, 2, 50))
