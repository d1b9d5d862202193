"""Logistic regression on the credit data in plain Keras, as one would type it.

python keras_logistic.py credit.npz 20 validate
"""
# ruff: noqa: T201

import json
import sys
import time

import keras
import numpy as np

path, epochs, validate = sys.argv[1], int(sys.argv[2]), sys.argv[3:] == ["validate"]

data = np.load(path)
x_train, x_test = data["x_train"].astype("float32"), data["x_test"].astype("float32")
y_train, y_test = data["y_train"], data["y_test"]
mean, std = x_train.mean(axis=0), x_train.std(axis=0)
x_train, x_test = (x_train - mean) / std, (x_test - mean) / std

model = keras.Sequential(
    [
        keras.Input(shape=(x_train.shape[1],)),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.01),
    loss="binary_crossentropy",
    metrics=["accuracy"],
)


class EpochTimes(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.started)


times = EpochTimes()
model.fit(
    x_train,
    y_train,
    batch_size=64,
    epochs=epochs,
    validation_data=(x_test, y_test) if validate else None,
    callbacks=[times],
    verbose=2,  # a line an epoch, which is faster than a progress bar
)
print(json.dumps(times.seconds))
