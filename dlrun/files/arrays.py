"""Arrays in, from the .npz files of run folders; NumPy is loaded with the first of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Returns every array of a file by its name; nothing that the file holds is run.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is no .npz file, a damaged one, or holds pickled objects.
    """
    import numpy as np

    with path.open("rb") as stream:  # np.load leaves a damaged file open that it opened itself
        try:
            archive = np.load(stream, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("a single array")
            with archive:
                return {name: archive[name] for name in archive.files}
        except Exception as error:  # zipfile and NumPy promise no closed list of what damage raises
            raise ValueError(str(error) or type(error).__name__) from error
