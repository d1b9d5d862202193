"""Files in and out: strict YAML with positions, atomic text and JSON, arrays.

Knows nothing of configs or runs.
"""

from dlrun.files.arrays import TooLargeError, read_npz
from dlrun.files.atomic import (
    make_folder,
    plain,
    read_json,
    storage_error,
    write_bytes,
    write_json,
    write_text,
)
from dlrun.files.regular import open_file
from dlrun.files.strict_yaml import (
    Document,
    KeyPath,
    Place,
    dotted,
    parse_yaml,
    parse_yaml_value,
    read_yaml,
    to_yaml,
)

__all__ = [
    "Document",
    "KeyPath",
    "Place",
    "TooLargeError",
    "dotted",
    "make_folder",
    "open_file",
    "parse_yaml",
    "parse_yaml_value",
    "plain",
    "read_json",
    "read_npz",
    "read_yaml",
    "storage_error",
    "to_yaml",
    "write_bytes",
    "write_json",
    "write_text",
]
