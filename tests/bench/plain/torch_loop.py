"""The nets of the lecture in PyTorch: a loop by hand over tensors in memory.

python torch_loop.py mnist.npz deep 40
"""
# ruff: noqa: T201

import json
import sys
import time

import numpy as np
import torch
from torch import nn

path, net, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])

data = np.load(path)
x_train = torch.from_numpy(data["x_train"].astype("float32")).flatten(1)
if net == "logistic":
    x_train = (x_train - x_train.mean(0)) / x_train.std(0, correction=0)
    y_train = torch.from_numpy(data["y_train"].astype("float32")).reshape(-1, 1)
    model, loss_function = nn.Linear(x_train.shape[1], 1), nn.BCEWithLogitsLoss()
else:
    x_train = x_train / 255
    y_train = torch.from_numpy(data["y_train"].astype("int64"))
    hidden = [100, 50, 50, 25, 25] if net == "deep" else []
    layers, width = [], 784
    for units in hidden:
        layers += [nn.Linear(width, units), nn.ReLU()]
        width = units
    model, loss_function = nn.Sequential(*layers, nn.Linear(width, 10)), nn.CrossEntropyLoss()

optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
seconds = []
for epoch in range(epochs):
    started = time.perf_counter()
    order = torch.randperm(len(x_train))
    total, right = 0.0, 0
    for start in range(0, len(x_train), 64):
        rows = order[start : start + 64]
        x, y = x_train[rows], y_train[rows]
        outputs = model(x)
        loss = loss_function(outputs, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
        guess = (outputs > 0).float() if net == "logistic" else outputs.argmax(1)
        right += (guess == y).sum().item()
    seconds.append(time.perf_counter() - started)
    print(f"epoch {epoch + 1}: loss {total / len(x_train):.4f}, {right / len(x_train):.4f} right")
print(json.dumps(seconds))
