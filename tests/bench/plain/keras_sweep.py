"""One trial of a sweep by hand: the deep dense net on MNIST, started anew for every trial.

python keras_sweep.py mnist.npz 5 0.01 relu
"""
# ruff: noqa: T201

import sys

import keras
import numpy as np

path, epochs, learning_rate, activation = sys.argv[1:]

data = np.load(path)
x_train = data["x_train"].reshape(60000, 784).astype("float32") / 255
x_test = data["x_test"].reshape(10000, 784).astype("float32") / 255
y_train = keras.utils.to_categorical(data["y_train"], 10)
y_test = keras.utils.to_categorical(data["y_test"], 10)

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
    optimizer=keras.optimizers.SGD(learning_rate=float(learning_rate)),
    loss="categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    x_train,
    y_train,
    batch_size=64,
    epochs=int(epochs),
    validation_data=(x_test, y_test),
    verbose=0,
)
print(learning_rate, activation, min(history.history["val_loss"]))
