"""Softmax regression on MNIST in plain Keras, as one would type it.

python keras_softmax.py mnist.npz 40 validate
"""
# ruff: noqa: T201

import json
import sys
import time

import keras
import numpy as np

path, epochs, validate = sys.argv[1], int(sys.argv[2]), sys.argv[3:] == ["validate"]

data = np.load(path)
x_train = data["x_train"].reshape(60000, 784).astype("float32") / 255
x_test = data["x_test"].reshape(10000, 784).astype("float32") / 255
y_train = keras.utils.to_categorical(data["y_train"], 10)
y_test = keras.utils.to_categorical(data["y_test"], 10)

model = keras.Sequential(
    [
        keras.Input(shape=(784,)),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.01),
    loss="categorical_crossentropy",
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
