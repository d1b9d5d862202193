"""What outputs mean."""

import numpy as np
import pytest

from dlrun.evaluation.meaning import Meaning
from dlrun.predicting.answers import answers_of, class_shares

THREE = Meaning(("cat", "dog", "owl"), 0.5, (1 / 3, 1 / 3, 1 / 3))
TWO = Meaning(("no", "yes"), 0.5, (0.5, 0.5))


def test_the_largest_output_is_the_prediction_and_the_runners_up_follow() -> None:
    (answer,) = answers_of(np.array([[0.1, 0.7, 0.2]]), THREE)
    assert answer.predicted == "dog"
    assert answer.top == (("dog", 0.7), ("owl", 0.2), ("cat", 0.1))
    assert answer.is_clear


def test_a_near_tie_is_not_clear() -> None:
    (answer,) = answers_of(np.array([[0.45, 0.5, 0.05]]), THREE)
    assert not answer.is_clear


def test_one_output_is_the_probability_of_the_second_class() -> None:
    first, second = answers_of(np.array([[0.2], [0.9]]), TWO)
    assert (first.predicted, first.top[0]) == ("no", ("no", pytest.approx(0.8)))
    assert (second.predicted, second.top[0]) == ("yes", ("yes", pytest.approx(0.9)))


def test_logits_become_probabilities() -> None:
    logits = Meaning(TWO.class_names, 0.0, TWO.baseline, are_logits=True)
    shares = class_shares(np.array([[2.0]]), logits)
    assert shares[0, 1] == pytest.approx(1 / (1 + np.exp(-2)))
    three = Meaning(THREE.class_names, 0.0, THREE.baseline, are_logits=True)
    shares = class_shares(np.array([[1.0, 2.0, 3.0]]), three)
    np.testing.assert_allclose(shares[0], np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum())


def test_numbers_are_given_as_they_are() -> None:
    values = Meaning((), 0.5, (0.0,))
    (answer,) = answers_of(np.array([[151.25]]), values)
    assert (answer.predicted, answer.top) == (151.25, ())
    (several,) = answers_of(np.array([[1.0, 2.5]]), values)
    assert several.predicted == "1 2.5"


def test_no_rows_have_no_answers() -> None:
    assert answers_of(np.zeros((0, 3)), THREE) == []
