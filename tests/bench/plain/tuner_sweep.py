"""The deep dense net on MNIST, searched by KerasTuner in one process.

python tuner_sweep.py mnist.npz 5 32 0.003 0.1 relu,tanh,sigmoid

The last line of stdout holds the seconds of every trial, and the best loss of every trial that
was trained: one that fails does not end the search.
"""
# ruff: noqa: T201

import json
import sys
import tempfile
import time

import keras
import keras_tuner
import numpy as np

path, epochs, trials, low, high, activations = sys.argv[1:]

data = np.load(path)
x_train = data["x_train"].reshape(60000, 784).astype("float32") / 255
x_test = data["x_test"].reshape(10000, 784).astype("float32") / 255
y_train = keras.utils.to_categorical(data["y_train"], 10)
y_test = keras.utils.to_categorical(data["y_test"], 10)


def build_model(hp):
    activation = hp.Choice("activation", activations.split(","))
    learning_rate = hp.Float("learning_rate", float(low), float(high), sampling="log")
    model = keras.Sequential(
        [
            keras.Input(shape=(784,)),
            keras.layers.Dense(100, activation=activation),
            keras.layers.Dense(50, activation=activation),
            keras.layers.Dense(50, activation=activation),
            keras.layers.Dense(25, activation=activation),
            keras.layers.Dense(25, activation=activation),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=learning_rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


class RandomSearch(keras_tuner.RandomSearch):
    begun = ()

    def on_trial_begin(self, trial):
        self.begun = (*self.begun, time.perf_counter())
        super().on_trial_begin(trial)


with tempfile.TemporaryDirectory() as folder:
    tuner = RandomSearch(
        build_model,
        objective="val_loss",
        max_trials=int(trials),
        executions_per_trial=1,
        seed=0,
        directory=folder,
        project_name="mnist_deep",
        overwrite=True,
    )
    tuner.search(
        x_train,
        y_train,
        batch_size=64,
        epochs=int(epochs),
        validation_data=(x_test, y_test),
        verbose=0,
    )
    times = np.diff([*tuner.begun, time.perf_counter()])

trained = [trial.score for trial in tuner.oracle.trials.values() if trial.status == "COMPLETED"]
print(json.dumps({"seconds": times.tolist(), "val_loss": trained}))
