"""The nets of the lecture in PyTorch Lightning.

python lightning_fit.py mnist.npz deep 40
"""
# ruff: noqa: T201

import json
import sys
import time

import lightning
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

path, net, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])

data = np.load(path)
x_train = torch.from_numpy(data["x_train"].astype("float32")).flatten(1)
if net == "logistic":
    x_train = (x_train - x_train.mean(0)) / x_train.std(0, correction=0)
    y_train = torch.from_numpy(data["y_train"].astype("float32")).reshape(-1, 1)
else:
    x_train = x_train / 255
    y_train = torch.from_numpy(data["y_train"].astype("int64"))


class Net(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        layers, width = [], x_train.shape[1]
        for units in [100, 50, 50, 25, 25] if net == "deep" else []:
            layers += [nn.Linear(width, units), nn.ReLU()]
            width = units
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1 if net == "logistic" else 10))
        self.loss = nn.BCEWithLogitsLoss() if net == "logistic" else nn.CrossEntropyLoss()

    def training_step(self, batch, index):
        x, y = batch
        loss = self.loss(self.layers(x), y)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


class EpochTimes(lightning.Callback):
    def on_train_start(self, trainer, module):
        self.seconds = []

    def on_train_epoch_start(self, trainer, module):
        self.started = time.perf_counter()

    def on_train_epoch_end(self, trainer, module):
        self.seconds.append(time.perf_counter() - self.started)


times = EpochTimes()
batches = DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True)
trainer = lightning.Trainer(
    max_epochs=epochs,
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
    callbacks=[times],
)
trainer.fit(Net(), batches)
print(json.dumps(times.seconds))
