"""The nets of the lecture by scikit-learn's MLPClassifier.

python sklearn_mlp.py mnist.npz deep 40
"""
# ruff: noqa: T201

import contextlib
import json
import sys
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

path, net, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])
hidden = {"softmax": (), "deep": (100, 50, 50, 25, 25), "logistic": ()}[net]

data = np.load(path)
x_train, y_train = data["x_train"].astype("float32"), data["y_train"]
x_train = x_train.reshape(len(x_train), -1)
if net == "logistic":
    x_train = (x_train - x_train.mean(axis=0)) / x_train.std(axis=0)
else:
    x_train = x_train / 255


class Clock:
    """Notes when verbose=True writes the line that ends an epoch."""

    def __init__(self):
        self.times = [time.perf_counter()]

    def write(self, text):
        if text.startswith("Iteration"):
            self.times.append(time.perf_counter())

    def flush(self):
        pass


model = MLPClassifier(
    hidden_layer_sizes=hidden,
    activation="relu",
    solver="sgd",
    learning_rate="constant",
    learning_rate_init=0.01,
    momentum=0.0,
    alpha=0.0,  # no L2
    batch_size=64,
    max_iter=epochs,
    n_iter_no_change=epochs + 1,  # no early end
    tol=0.0,
    verbose=True,
)
warnings.simplefilter("ignore", ConvergenceWarning)  # of course not, after so few epochs
with contextlib.redirect_stdout(Clock()) as clock:
    model.fit(x_train, y_train)
print(json.dumps(np.diff(clock.times).tolist()))
