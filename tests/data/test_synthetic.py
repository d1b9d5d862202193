from __future__ import annotations

import numpy as np
import pytest

from dlrun.catalog.datasets import CARDS
from dlrun.config.schema import DatasetConfig
from dlrun.data import load_dataset, synthetic
from dlrun.errors import DatasetError

NAMES = ("two_moons", "xor", "spirals", "linear", "seven_features")

GOLDEN = {
    "two_moons": ([1.0251460, -0.0264210], [1.8753451, 0.5082652]),
    "xor": ([0.0188595, -0.0198157], [-0.0934912, 1.0061989]),
    "spirals": ([-0.3308187, -0.0026421], [0.9875345, 0.0008266]),
    "linear": ([0.8217702], [2.4765334]),
    "seven_features": (
        [0.2739234, -0.4604266, -0.9180530, -0.9669448, 0.6265405, 0.8255112, 0.2132716],
        [-0.3795162, -0.0283293, 0.7789757, 0.8680871, -0.2844096, 0.1430597, -0.3562612],
    ),
}
GOLDEN_Y = {
    "two_moons": [0, 0, 0, 1, 1, 1],
    "xor": [0, 1, 1, 0, 0, 1],
    "spirals": [0, 1, 0, 1, 0, 1],
    "linear": [3.2955403, -1.2890190, -4.8601852, -5.4343791, 4.4476056, 5.9737301],
    "seven_features": [1.9009807, 1.8185785, 1.6212451, -1.8250070, 1.8752285, 0.2596903],
}


@pytest.mark.parametrize("name", NAMES)
def test_the_arrays_of_a_seed_never_change(name: str) -> None:
    found = load_dataset(DatasetConfig(name, {"num_samples": 6}))
    assert found.x[[0, 5]] == pytest.approx(np.array(GOLDEN[name]), abs=1e-6)
    assert found.y == pytest.approx(np.array(GOLDEN_Y[name]), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_are_those_on_the_card(name: str) -> None:
    plain = load_dataset(DatasetConfig(name))
    spelled_out = load_dataset(DatasetConfig(name, CARDS[name].options))
    assert plain.content_hash == spelled_out.content_hash


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_gives_other_noise(name: str) -> None:
    two = [load_dataset(DatasetConfig(name, {"seed": seed})).x for seed in (1, 2)]
    assert not np.array_equal(*two)


def test_moons_without_noise_are_half_circles_apart() -> None:
    moons = synthetic.two_moons(num_samples=7, noise=0)
    assert np.bincount(moons.y).tolist() == [3, 4]
    upper, lower = moons.x[moons.y == 0], moons.x[moons.y == 1]
    assert np.hypot(*upper.T) == pytest.approx(1)
    assert np.hypot(*(lower - [1, 0.5]).T) == pytest.approx(1)
    assert upper[:, 1].min() > -1e-6
    assert lower[:, 1].max() < 0.5 + 1e-6


def test_xor_without_noise_is_the_truth_table() -> None:
    table = synthetic.xor(num_samples=4, noise=0)
    assert table.x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert table.y.tolist() == [0, 1, 1, 0]


def test_spirals_wind_out_of_the_centre_a_class_an_arm() -> None:
    arms = synthetic.spirals(num_samples=300, noise=0, num_classes=3, turns=2)
    assert arms.task == "multiclass"
    assert np.bincount(arms.y).tolist() == [100, 100, 100]
    radius = np.hypot(*arms.x[arms.y == 1].T)
    assert np.all(np.diff(radius) > 0)
    assert radius[-1] == pytest.approx(1)
    angle = np.unwrap(np.arctan2(arms.x[arms.y == 0][:, 1], arms.x[arms.y == 0][:, 0]))
    assert (angle[-1] - angle[0]) / (2 * np.pi) == pytest.approx(2 * 0.99)


def test_two_arms_are_a_binary_task() -> None:
    assert synthetic.spirals().task == "binary"


def test_the_line_without_noise_is_the_line() -> None:
    line = synthetic.linear(noise=0, slope=-3, intercept=0.5)
    assert line.y == pytest.approx(-3 * line.x[:, 0] + 0.5, abs=1e-5)


def test_seven_features_follow_their_formula() -> None:
    found = synthetic.seven_features(num_samples=50, noise=0)
    for row, y in zip(found.x.tolist(), found.y.tolist(), strict=True):
        a, b, c, d, e, f, _ = row
        assert y == pytest.approx(2 * a - b + c * c + d * e + np.sin(np.pi * f), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("two_moons", {"num_samples": 1}, "two_moons: num_samples is 1; it must be a whole number"),
        ("xor", {"num_samples": "many"}, "xor: num_samples is 'many'; it must be a whole number"),
        ("xor", {"num_samples": True}, "num_samples is True"),
        ("linear", {"noise": -1}, "linear: noise is -1; it must be 0 or more"),
        ("linear", {"noise": float("nan")}, "noise is nan; it must be a number"),
        ("linear", {"slope": "steep"}, "slope is 'steep'; it must be a number"),
        ("two_moons", {"seed": -1}, "seed is -1; it must be a whole number from 0"),
        ("spirals", {"num_classes": 1}, "num_classes is 1; it must be a whole number from 2"),
        (
            "spirals",
            {"num_classes": 5, "num_samples": 4},
            "num_samples is 4; it must be at least 5",
        ),
        ("spirals", {"turns": None}, "turns is None; it must be a number"),
    ],
)
def test_options_that_make_no_data_are_refused(name: str, options: dict, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        load_dataset(DatasetConfig(name, options))
