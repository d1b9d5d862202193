"""Every mistake in a config: where it is told, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from dlrun.config import Loaded, parse_config
from dlrun.errors import ConfigError
from dlrun.files import parse_yaml

Load = Callable[..., Loaded]

DENSE = "Dense: 16"
SPLIT = "dataset: {name: digits, split: "
CNN = "Conv2D: {filters: 8, kernel_size: "

KEYS = [
    ("epochs", "epoch", "10:12  training.epoch: unknown key; did you mean 'epochs'?"),
    ("epochs: 3}", "epochs: 3}\nepochs: 4", "11:1  epochs: unknown key; did you mean 'training.ep"),
    (
        "epochs: 3}",
        "epochs: 3}\nlr: 4",
        "11:1  lr: unknown key; did you mean 'optimizer.learning_r",
    ),
    ("epochs: 3}", "epochs: 3}\nfoo: 4", "11:1  foo: unknown key; there are name, seed, note, imp"),
    (
        "epochs: 3",
        "epochs: 0",
        "10:12  training.epochs: must be a whole number, 1 or more, received 0",
    ),
    (
        "epochs: 3",
        "epochs: true",
        "training.epochs: must be a whole number, 1 or more, received True",
    ),
    ("epochs: 3", "epochs: '3'", "1 or more, received '3'; write it without quotes"),
    (
        "epochs: 3",
        "epochs: 1e2",
        "training.epochs: must be a whole number, 1 or more, received 100.0",
    ),
    ("{epochs: 3}", "3", "10:1  training: must be a section of keys (epochs, batch_size, callback"),
    (
        "training: {epochs: 3}\n",
        "",
        "1:1  training: is missing: how it is trained, epochs at least",
    ),
    ("loss: categorical_crossentropy\n", "", "1:1  loss: is missing: what is minimised, such as"),
    ("name: net", "name: my net", "a letter or digit), received 'my net'"),
    ("name: net", "name: 7", "a letter or digit), received 7; put it in quotes, '7'"),
    ("name: net", "name: ../x", "1:1  name: must be letters, digits, _ and - (100 at most, the fi"),
    ("name: net", "name: " + "a" * 101, "1:1  name: must be letters, digits, _ and - (100 at most"),
    ("name: net", "name: net\n3: 4", "2:1  3: unknown key; there are name, seed, note, imports"),
    ("epochs: 3", "epochs: 3, 5: 6", "10:23  training.5: unknown key; there are epochs, batch_s"),
    ("name: net", "name: net\nseed: 1.5", "2:1  seed: must be a whole number from 0 to 4294967295"),
    (
        "name: net",
        "name: net\nseed: -1",
        "2:1  seed: must be a whole number from 0 to 4294967295, re",
    ),
    (
        "name: net",
        "name: net\nnote: 3",
        "2:1  note: must be text, received 3; put it in quotes, '3'",
    ),
    ("name: net", "name: net\nnote: true", "must be text, received True; put it in quotes, 'true'"),
    ("name: net", "name: net\nnote: [a]", "2:1  note: must be text, received ['a']"),
    (
        "epochs: 3",
        "epochs: 3, engine: fast",
        "10:23  training.engine: must be 'auto', 'compiled', 'compiled+xla' or 'stepwise', receiv",
    ),
    (
        "epochs: 3",
        "epochs: 3, threads: 0",
        "training.threads: must be a whole number from 1 to 1024, or 'auto', received 0",
    ),
    (
        "epochs: 3",
        "epochs: 3, precision: float8",
        "training.precision: must be 'float32', 'float64', 'float16', 'bfloat16', 'mixed_float16'",
    ),
    (
        "epochs: 3",
        "epochs: 3, jit_compile: maybe",
        "training.jit_compile: must be true or false, or 'auto', received 'maybe'",
    ),
    (
        "epochs: 3",
        "epochs: 3, engine: compiled, jit_compile: true",
        "10:41  training.jit_compile: jit_compile: true is engine: compiled+xla, and engine is "
        "'compiled'; leave one of the two out",
    ),
    (
        "epochs: 3",
        "epochs: 3, engine: stepwise, jit_compile: true",
        "jit_compile: true needs a compiled engine, and engine is 'stepwise'; leave one",
    ),
    (
        "epochs: 3",
        "epochs: 3, threads: 3000000000",
        "training.threads: must be a whole number from 1 to 1024, or 'auto', received 3000000000",
    ),
    (
        "epochs: 3",
        "epochs: 3, engine: compiled+xla, jit_compile: false",
        "jit_compile: false is engine: compiled, and engine is 'compiled+xla'; leave one",
    ),
    (
        "epochs: 3",
        "epochs: 3, keep: all",
        "training.keep: must be 'best' or 'last', received 'all'",
    ),
    (
        "epochs: 3",
        "epochs: 3, batch_size: all",
        "batch_size: must be a whole number, 1 or more, or 'ful",
    ),
    (
        "epochs: 3",
        "epochs: 3, batch_size: -1",
        "10:23  training.batch_size: must be a whole number",
    ),
]

DATA = [
    ("digits", "digit", "2:1  dataset.name: unknown data set 'digit'; did you mean 'digits'?"),
    (
        "digits",
        "{name: zz}",
        "2:11  dataset.name: unknown data set 'zz'; there are mnist, fashion_mn",
    ),
    ("digits", "{options: {}}", "2:1  dataset.name: is missing: name of a data set"),
    ("digits", "{name: digits, options: {a: 1}}", "options.a: no option of digits; it takes none"),
    (
        "digits",
        "{name: two_moons, options: {num_sample: 10}}",
        "dataset.options.num_sample: no option of two_moons; did you mean 'num_samples'? (it takes",
    ),
    (
        "digits",
        "{name: two_moons, options: {num_samples: many}}",
        "dataset.options.num_samples: must be a whole number, 2 or more, received 'many'",
    ),
    (
        "digits",
        "{name: spirals, options: {num_classes: 0}}",
        "2:36  dataset.options.num_classes: must be a whole number, 2 or more, received 0",
    ),
    (
        "digits",
        "{name: linear, options: {noise: -1}}",
        "2:35  dataset.options.noise: must be a number, 0 or more, received -1",
    ),
    (
        "digits",
        "{name: two_moons, options: {seed: -1}}",
        "dataset.options.seed: must be a whole number, 0 or more, received -1",
    ),
    (
        "digits",
        "{name: spirals, options: {turns: x}}",
        "dataset.options.turns: must be a number, received 'x'",
    ),
    (
        "digits",
        "{name: npz, options: {path: 3}}",
        "2:32  dataset.options.path: must be text, received 3",
    ),
    (
        "digits",
        "{name: npz, options: {path: a.npz, task: classes}}",
        "options.task: must be 'multiclass', 'binary' or 'regression', or left out, received 'cla",
    ),
    ("digits", "{name: npz}", "2:1  dataset.options: npz needs the option 'path'; write options"),
    (
        "digits",
        "{name: digits, options: 3}",
        "dataset.options: must be keys with values, received 3",
    ),
    (
        "digits",
        "{name: digits, scale: z}",
        "dataset.scale: must be 'auto', 'unit', 'standard', 'min",
    ),
    (
        "digits",
        "{name: digits, split: {train: 0.7, validation: 0.2}}",
        "2:25  dataset.split: the shares must sum to 1, received train 0.7 + validation 0.2 = 0.9",
    ),
    (
        "digits",
        "{name: digits, split: {train: 70, validation: 30}}",
        "2:33  dataset.split.train: must be a share above 0 up to 1 such as 0.7, or "
        "'auto', received 70",
    ),
    (
        "digits",
        "{name: digits, split: {validation: -0.2}}",
        "2:33  dataset.split.validation: must be a share from 0 to 1 such as 0.15, "
        "'official', 'none' "
        "or 'auto', received -0.2",
    ),
    (
        "digits",
        "{name: digits, split: {validation: 1.2}}",
        "2:33  dataset.split.validation: must be a share from 0 to 1 such as 0.15",
    ),
    (
        "digits",
        "{name: digits, split: [0.7, 0.3]}",
        "2:25  dataset.split: must be a section of keys (train, validation, test, kfold, fold, "
        "test_seed), received",
    ),
    (
        "digits",
        "{name: digits, split: {validation: 0.5, test: 0.5}}",
        "2:25  dataset.split: no rows are left to train on; give the other parts less",
    ),
    (
        "digits",
        "{name: digits, split: {validation: 0.7, test: 0.7}}",
        "2:25  dataset.split: no rows are left to train on; give the other parts less",
    ),
    (
        "digits",
        "{name: digits, split: {test: official}}",
        "2:33  dataset.split.test: digits brings no official test rows; give a share such as 0.15",
    ),
    (
        "digits",
        "{name: mnist, split: {validation: official, test: official}}",
        "dataset.split.test: the official test rows validate already; write test: none",
    ),
    (
        "digits",
        "{name: digits, split: {val: 0.2}}",
        "2:33  dataset.split.val: unknown key; did you mean 'validation'?",
    ),
    (
        "activation: relu\n",
        "activation: relu\n  input_shape: [3, 4]\n",
        "5:3  model.input_shape: (3, 4) does not fit digits, which has (8, 8); leave the key out",
    ),
    (
        "activation: relu\n",
        "activation: relu\n  input_shape: [-1]\n",
        "5:3  model.input_shape: must be a list of whole numbers, 1 or more, such as "
        "[28, 28], or 'auto'",
    ),
]

ALL_LAYERS = "layers:\n    - Dense: 16\n    - Dense: {units: 10, activation: softmax}"
NEEDS_DATA = "would have to be adapted to the data first; "

LAYERS = [
    (ALL_LAYERS, "layers: []", "5:3  model.layers: must be a list of layers, one at least, recei"),
    (ALL_LAYERS, "layers: Dense", "model.layers: must be a list of layers, one at least, receive"),
    (ALL_LAYERS, "layers:", "model.layers: must be a list of layers, one at least, received None"),
    (
        DENSE,
        "Normalization: {axis: -1}",
        f"6:7  model.layers.0: Normalization {NEEDS_DATA}write dataset.scale: standard, or give "
        "mean and variance",
    ),
    ("- Dense: 16", "- Normalization", f"6:7  model.layers.0: Normalization {NEEDS_DATA}write"),
    (
        DENSE,
        "Normalization: {mean: 0.5}",
        f"Normalization {NEEDS_DATA}write dataset.scale: standard, or give mean and variance",
    ),
    (
        DENSE,
        "TimeDistributed: {Normalization: }",
        f"6:25  model.layers.0.layer: Normalization {NEEDS_DATA}write",
    ),
    ("- Dense: 16", "- TextVectorization", f"TextVectorization {NEEDS_DATA}give vocabulary"),
    ("- Dense: 16", "- string_lookup", f"StringLookup {NEEDS_DATA}give vocabulary"),
    (DENSE, "IntegerLookup: {vocabulary: }", f"IntegerLookup {NEEDS_DATA}give vocabulary"),
    (DENSE, "Discretization: {num_bins: 3}", f"Discretization {NEEDS_DATA}give bin_boundaries"),
    (DENSE, "Dense: 0", "model.layers.0.units: must be a whole number, 1 or more, received 0"),
    (DENSE, "Dense: 2.5", "model.layers.0.units: must be a whole number, 1 or more, received 2.5"),
    (
        DENSE,
        "Conv2D: {filters: -2, kernel_size: 3}",
        "6:16  model.layers.0.filters: must be a whole number, 1 or more, received -2",
    ),
    (
        DENSE,
        "RNN: {cell: [{LSTMCell: 4}, {LSTMCell: -4}]}",
        "6:36  model.layers.0.cell.1.units: must be a whole number, 1 or more, received -4",
    ),
    (
        DENSE,
        "Dense: {units: 3, name: a/b}",
        "6:25  model.layers.0.name: must be text without /, received 'a/b'",
    ),
    (
        DENSE,
        "Dense: {units: 3, kernel_regularizer: {l2: -1}}",
        "model.layers.0.kernel_regularizer.l2: must be a number, 0 or more, received -1",
    ),
    (DENSE, "Dens: 16", "6:7  model.layers.0: unknown layer 'Dens'; did you mean 'Dense'?"),
    (
        "- Dense: 16",
        "- dense",
        "6:7  model.layers.0: Dense needs 'units'; write {Dense: {units: …}}",
    ),
    (
        DENSE,
        "Dense: {unit: 16}",
        "6:15  model.layers.0.unit: no argument of Dense; did you mean 'uni",
    ),
    (
        DENSE,
        "Dense: -16",
        "6:7  model.layers.0.units: must be a whole number, 1 or more, received -16",
    ),
    (
        DENSE,
        "Dense: {units: many}",
        "6:15  model.layers.0.units: must be a whole number, 1 or more",
    ),
    (
        DENSE,
        "Dense: {units: 2, activation: rleu}",
        "6:25  model.layers.0.activation: unknown activat",
    ),
    (
        DENSE,
        "Dense: {units: 2, activation: [relu]}",
        "activation: must be an activation, by name, rec",
    ),
    (
        DENSE,
        "Dense: {units: 2, activation: {gelu: {approximate: true}}}",
        "gelu takes no arguments in",
    ),
    (
        DENSE,
        "Dense: {units: 2, kernel_regularizer: l3}",
        "unknown regularizer 'l3'; there are l1, l1l2",
    ),
    (
        DENSE,
        "Dense: {units: 2, kernel_regularizer: {L2: {l: 1}}}",
        "kernel_regularizer.l: no argument",
    ),
    (
        DENSE,
        "Dense: {units: 2, kernel_initializer: he_norml}",
        "'he_norml'; did you mean 'he_normal'?",
    ),
    (
        DENSE,
        "Dense: {units: 2, input_shape: [64]}",
        "of Dense; the shape goes to model.input_shape",
    ),
    (
        DENSE,
        "Dense: {units: 2, use_bias: 'yes'}",
        "use_bias: must be true or false, received 'yes'",
    ),
    (
        DENSE,
        "LeakyReLU: {negative_slope: x}",
        "negative_slope: must be a number, or a list of numbers",
    ),
    (
        DENSE,
        "Input: [64]",
        "6:7  model.layers.0: the input is no layer; write its shape to model.inp",
    ),
    ("- Dense: 16", "- 16", "6:7  model.layers.0: must be a layer, by name, received 16"),
    (
        "- Dense: 16",
        "- {Dense: 16, activation: relu}",
        "6:7  model.layers.0: must be a layer: one name with its arguments below it, "
        "received the keys "
        "'Dense', 'activation'; write {Dense: {…, activation: …}}",
    ),
    (
        DENSE,
        "Dropout: 1.5",
        "6:7  model.layers.0.rate: must be a number from 0 to below 1, received",
    ),
    (
        DENSE,
        "Conv2D: {filters: 8}",
        "model.layers.0: Conv2D needs 'kernel_size'; write {Conv2D: {ker",
    ),
    (DENSE, CNN + "0}", "model.layers.0.kernel_size: must be a whole number, 1 or more, or a list"),
    (
        DENSE,
        CNN + "[3, x]}",
        "kernel_size: must be a whole number, 1 or more, or a list of them, rec",
    ),
    (
        DENSE,
        "Bidirectional: {layer: {LSTM: {unit: 8}}}",
        "6:38  model.layers.0.layer.unit: no argumen",
    ),
    (
        DENSE,
        "Bidirectional: {LSTM: -8}",
        "6:23  model.layers.0.layer.units: must be a whole number",
    ),
    (
        "- Dense: 16",
        "- {repeat: 0, layers: [Flatten]}",
        "6:8  model.layers.0.repeat: must be a whole ",
    ),
    (
        "- Dense: 16",
        "- {repeat: 2}",
        "6:7  model.layers.0.layers: is missing: the layers to repeat",
    ),
    (
        "- Dense: 16",
        "- {repeat: 2, layer: [Flatten]}",
        "model.layers.0.layer: unknown key; did you",
    ),
    (
        "- Dense: 16",
        "- {repeat: 2, layers: [Dens: 3]}",
        "model.layers.0.layers.0: unknown layer 'Den",
    ),
    (
        "- Dense: 16",
        "- {repeat: 1000000, layers: [Flatten]}",
        "5:3  model.layers: 1,000,001 layers with the repeats; the most is 10,000",
    ),
    (
        "- Dense: 16",
        "- {repeat: 2, layers: [{Dense: {units: 3, name: a}}]}",
        "model.layers.0.layers.0.name: 'a' is the name of another layer, too; each needs its own",
    ),
    (
        "activation: relu\n",
        "activation: reluu\n",
        "4:3  model.activation: unknown activation 'reluu'",
    ),
    (
        "Dense: 16\n    - Dense: {units: 10, activation: softmax}",
        "",
        "model.layers.0: must be a layer",
    ),
]

OUTPUT = [
    (
        "units: 10",
        "units: 9",
        "7:15  model.layers.1.units: digits has 10 classes, which "
        "CategoricalCrossentropy takes as 10 "
        "units, not 9; write 10",
    ),
    (
        "loss: categorical_crossentropy",
        "loss: categoricalcrossentrpy",
        "8:1  loss: unknown loss 'categoricalcrossentrpy'; did you mean "
        "'categorical_crossentropy'?",
    ),
    (
        "loss: categorical_crossentropy",
        "loss: binary_crossentropy",
        "8:1  loss: BinaryCrossentropy is for two classes, and digits has 10; write "
        "categorical_cros",
    ),
    (
        "loss: categorical_crossentropy",
        "loss: {mse: {reductio: sum}}",
        "8:14  loss.reductio: no argument of MeanSquaredError; did you mean 'reduction'? "
        "(it takes red",
    ),
    (
        "digits",
        "diabetes",
        "8:1  loss: CategoricalCrossentropy is for classes, and diabetes has num",
    ),
    (
        "units: 10",
        "units: 1",
        "7:25  model.layers.1.activation: softmax over 1 unit is always 1; write "
        "sigmoid, or as many",
    ),
]

TRAINING = [
    (
        "optimizer: sgd",
        "optimizer: sgdd",
        "9:1  optimizer: unknown optimizer 'sgdd'; did you mean 's",
    ),
    ("optimizer: sgd", "optimizer: softmax", "unknown optimizer 'softmax'; that is an activation"),
    (
        "optimizer: sgd",
        "optimizer: {sgd: {lr: 0.1}}",
        "9:19  optimizer.lr: no argument of SGD; did you mean 'learning_rate'? (it takes "
        "learning_rate,",
    ),
    (
        "optimizer: sgd",
        "optimizer: {sgd: {learning_rate: -1}}",
        "9:19  optimizer.learning_rate: must be a number above 0, received -1",
    ),
    (
        "optimizer: sgd",
        "optimizer: {sgd: {learning_rate: '0.1'}}",
        "must be a number above 0, received '0.1'; write it without quotes",
    ),
    (
        "optimizer: sgd",
        "optimizer: {adam: {beta_1: 1.5}}",
        "9:20  optimizer.beta_1: must be a number from 0 to below 1, received 1.5",
    ),
    (
        "optimizer: sgd",
        "optimizer: {sgd: {clipnorm: -1}}",
        "9:19  optimizer.clipnorm: must be a number above 0, received -1",
    ),
    (
        "optimizer: sgd",
        "optimizer: {sgd: {learning_rate: ExponentialDeca}}",
        "unknown learning-rate schedule 'ExponentialDeca'; did you mean 'ExponentialDecay'?",
    ),
    (
        "optimizer: sgd",
        "optimizer: {sgd: {learning_rate: {ExponentialDecay: {decay_steps: 1}}}}",
        "ExponentialDecay needs 'initial_learning_rate' and 'decay_rate'",
    ),
    (
        "optimizer: sgd",
        "optimizer: {sgd: {learning_rate: {CosineDecay: {initial_learning_rate: 0, "
        "decay_steps: 9}}}}",
        "optimizer.learning_rate.initial_learning_rate: must be a number above 0, received 0",
    ),
    (
        "optimizer: sgd",
        "optimizer: {sgd: {learning_rate: {CosineDecay: {initial_learning_rate: -1, "
        "decay_steps: 9, warmup_target: 1}}}}",
        "learning_rate.initial_learning_rate: must be a number, 0 or more, received -1",
    ),
    (
        "optimizer: sgd",
        "optimizer: {sgd: {learning_rate: {CosineDecay: {initial_learning_rate: 0, "
        "decay_steps: 9, warmup_target: 0}}}}",
        "optimizer.learning_rate.warmup_target: must be a number above 0, received 0",
    ),
    (
        "optimizer: sgd",
        "optimizer: {sgd: {learning_rate: {ExponentialDecay: {initial_learning_rate: 0, "
        "decay_steps: 9, decay_rate: 0.5}}}}",
        "optimizer.learning_rate.initial_learning_rate: must be a number above 0, received 0",
    ),
    (
        "optimizer: sgd\ntraining: {epochs: 3}",
        "optimizer: {sgd: {learning_rate: {CosineDecay: {initial_learning_rate: 1, "
        "decay_steps: 9}}}}"
        "\ntraining: {epochs: 3, callbacks: [ReduceLROnPlateau]}",
        "10:35  training.callbacks.0: ReduceLROnPlateau cannot change the learning rate "
        "that a schedu",
    ),
    (
        "optimizer: sgd",
        "optimizer: sgd\nmetrics: accuracy",
        "10:1  metrics: must be a list of metrics",
    ),
    (
        "optimizer: sgd",
        "optimizer: sgd\nmetrics: [acuracy]",
        "10:11  metrics.0: unknown metric 'acuracy'; did you mean 'accuracy'?",
    ),
    (
        "optimizer: sgd",
        "optimizer: sgd\nmetrics: [auc, AUC]",
        "10:16  metrics.1: the name 'auc' is taken by another metric",
    ),
    (
        "optimizer: sgd",
        "optimizer: sgd\nmetrics: [{AUC: {name: val_auc}}]",
        "10:11  metrics.0: a metric cannot be named 'val_auc'; give another name",
    ),
    (
        "optimizer: sgd",
        "optimizer: sgd\nmetrics: [auc, {AUC: {name: AUC}}]",
        "10:16  metrics.1: the name 'AUC' is taken by another metric; write {name: …} to it",
    ),
    (
        "optimizer: sgd",
        "optimizer: sgd\nmetrics: [{AUC: {name: ../auc}}]",
        "10:11  metrics.0: a metric's name must be letters, digits, _ and -, received '../auc'",
    ),
    (
        "optimizer: sgd",
        "optimizer: sgd\nmetrics: [{Accuracy: {}}]",
        "metrics.0: Keras's class Accuracy compares labels for equality; write accuracy, the word",
    ),
    (
        "optimizer: sgd",
        "optimizer: sgd\nmetrics: [SparseCategoricalAccuracy]",
        "SparseCategoricalAccuracy does not fit the labels of CategoricalCrossentropy; "
        "write Categor",
    ),
    (
        "epochs: 3",
        "epochs: 3, monitor: val_acc",
        "10:23  training.monitor: no metric 'val_acc'; did you mean 'val_accuracy'? "
        "(there are loss,",
    ),
    (
        "epochs: 3",
        "epochs: 3, callbacks: [{EarlyStopping: {monitor: val_los}}]",
        "10:52  training.callbacks.0.monitor: no metric 'val_los'; did you mean 'val_loss'?",
    ),
    (
        "epochs: 3",
        "epochs: 3, callbacks: [EarlyStoping]",
        "10:35  training.callbacks.0: unknown callback 'EarlyStoping'; did you mean "
        "'EarlyStopping'?",
    ),
    (
        "epochs: 3",
        "epochs: 3, callbacks: EarlyStopping",
        "10:23  training.callbacks: must be a list of callbacks, received 'EarlyStopping'",
    ),
    (
        "epochs: 3",
        "epochs: 3, callbacks: [{EarlyStopping: {patience: -1}}]",
        "training.callbacks.0.patience: must be a whole number, 0 or more, received -1",
    ),
    (
        "epochs: 3",
        "epochs: 3, callbacks: [{BackupAndRestore: {backup_dir: a}}]",
        "10:35  training.callbacks.0: BackupAndRestore would start a later run from old weights, "
        "and each run starts from fresh ones; remove it: `dlrun resume` goes on with a stopped run",
    ),
    (
        "epochs: 3",
        "epochs: 3, callbacks: [backup_and_restore]",
        "10:35  training.callbacks.0: BackupAndRestore would start a later run from old weights",
    ),
    (
        "epochs: 3",
        "epochs: 3, callbacks: [{EarlyStopping: {mode: up}}]",
        "training.callbacks.0.mode: must be 'auto', 'min' or 'max', received 'up'",
    ),
    (
        "name: net",
        "name: net\nimports: [no_such_x]",
        "2:11  imports.0: no module 'no_such_x'; it must",
    ),
    (
        "name: net",
        "name: net\nimports: [mine.py]",
        "imports.0: must be a module's name, received 'min",
    ),
    (
        "name: net",
        "name: net\nimports: [a-b]",
        "must be a module's name such as 'my_layers', received",
    ),
    (
        "name: net",
        "name: net\nimports: mine",
        "2:1  imports: must be a list of module names, receive",
    ),
]


@pytest.mark.parametrize(("old", "new", "told"), [*KEYS, *DATA, *LAYERS, *OUTPUT, *TRAINING])
def test_a_mistake_is_told_once_with_its_place(load: Load, old: str, new: str, told: str):
    with pytest.raises(ConfigError, match=re.escape(told)) as caught:
        load({old: new})
    keys = [problem.key for problem in caught.value.problems]
    assert len(keys) == len(set(keys))
    assert len(keys) <= 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty; dlrun new lists configs to start from"),
        (
            "- a\n",
            "1:1  must be a section of keys (name, seed, note, imports, dataset, model, loss",
        ),
        (
            "mnist\n",
            "1:1  must be a section of keys (name, seed, note, imports, dataset, model, loss",
        ),
        ("3\n", "1:1  must be a section of keys (name, seed, note, imports, dataset, model, loss"),
        ("~\n", "the file is empty; dlrun new lists configs to start from"),
        ("{}\n", "1:1  dataset: is missing: the data: a name, or a section with name"),
    ],
)
def test_a_file_without_sections_is_refused(text: str, told: str):
    with pytest.raises(ConfigError, match=re.escape(told)):
        parse_config(parse_yaml(text, "c.yaml"))


def test_all_problems_are_told_together_from_top_to_bottom(load: Load):
    with pytest.raises(ConfigError) as caught:
        load({"digits": "digit", "units: 10": "unit: 10", "sgd": "sgdd", "epochs: 3": "epochs: 0"})
    assert [problem.key for problem in caught.value.problems] == [
        "dataset.name",
        "model.layers.1.unit",
        "optimizer",
        "training.epochs",
    ]


def test_a_monitor_without_a_validation_part_is_refused(load: Load):
    split = "{name: digits, split: {test: 0.2}}"
    told = "training.callbacks.0.monitor: no 'val_loss' without a validation part; write 'loss'"
    with pytest.raises(ConfigError, match=told):
        load({"digits": split, "epochs: 3": "epochs: 3, callbacks: [EarlyStopping]"})


@pytest.mark.parametrize(
    ("units", "told"),
    [
        (
            "units: 2",
            "breast_cancer has 2 classes, which BinaryCrossentropy takes as 1 unit, not 2",
        ),
        ("units: 3", "takes as 1 unit, not 3; write 1"),
    ],
)
def test_binary_crossentropy_takes_one_unit(load: Load, units: str, told: str):
    with pytest.raises(ConfigError, match=told):
        load({"digits": "breast_cancer", "categorical": "binary", "units: 10": units})


def test_one_unit_does_not_hold_two_classes_of_categorical_crossentropy(load: Load):
    changes = {"digits": "breast_cancer", "units: 10, activation: softmax": "units: 1"}
    with pytest.raises(
        ConfigError, match="takes as 2 units, not 1; write 2, or the loss binary_cr"
    ):
        load(changes)


def test_the_tensorboard_callback_needs_its_package(load: Load, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dlrun.config.rules.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="TensorBoard needs the package tensorboard; pip install"):
        load({"epochs: 3": "epochs: 3, callbacks: [TensorBoard]"})


@pytest.mark.parametrize("given", ["MyLayer: 3", "MyLayer: {1: 2}"])
def test_arguments_of_the_users_own_layer_need_their_names(load: Load, given: str):
    told = "Keras has no layer 'MyLayer', and your own needs the names of its arguments"
    with pytest.raises(ConfigError, match=told):
        load({"name: net": "name: net\nimports: [json]", "Dense: 16": given})


def test_a_repeat_of_broken_layers_ends(load: Load):
    with pytest.raises(ConfigError, match="layers with the repeats; the most is 10,000"):
        load({"- Dense: 16": "- {repeat: 1000000000000000000000000, layers: 3}"})


def test_layers_that_were_given_what_they_would_learn_are_accepted(load: Load):
    load({"- Dense: 16": "- Normalization: {mean: 0.5, variance: 0.1}"})
    load({"- Dense: 16": "- Discretization: {bin_boundaries: [0.5]}"})


def test_a_name_of_a_hundred_letters_is_accepted(load: Load):
    assert load({"name: net": "name: " + "a" * 100}).config.name == "a" * 100


def test_long_values_are_cut_in_messages(load: Load):
    with pytest.raises(ConfigError, match=r"training\.epochs: must be") as caught:
        load({"epochs: 3": "epochs: " + "x" * 100_000})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("metric", ["my_metric", "{my_metric: {factor: 2}}", "{Mine: {name: m}}"])
def test_metrics_of_ones_own_are_kept_as_they_are_written(load: Load, metric: str):
    changes = {"name: net": "name: net\nimports: [json]", "sgd": f"sgd\nmetrics: [{metric}]"}
    (found,) = load(changes).config.to_dict()["metrics"]
    given = parse_yaml(metric, "m").data
    assert found == ({given: {}} if isinstance(given, str) else given)


def test_beside_a_metric_of_ones_own_any_name_may_be_monitored(load: Load):
    changes = {
        "name: net": "name: net\nimports: [json]",
        "sgd": "sgd\nmetrics: [my_metric]",
        "epochs: 3": "epochs: 3, monitor: val_foo, callbacks: [{EarlyStopping: {monitor: bar}}]",
    }
    assert load(changes).config.training.monitor == "val_foo"
    changes["digits"] = "{name: digits, split: {validation: none}}"
    told = "training.monitor: no 'val_foo' without a validation part; write 'foo'"
    with pytest.raises(ConfigError, match=told):
        load(changes)
