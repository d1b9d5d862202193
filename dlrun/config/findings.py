"""What the rules find: errors, warnings and notes, each with the key path it is about."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlrun.files import KeyPath


@dataclass(frozen=True)
class Finding:
    """Something to say about a key."""

    path: KeyPath
    message: str


@dataclass
class Findings:
    """What the rules have found so far.

    Attributes:
        errors: It cannot work.
        warnings: It works and is unwise.
        notes: It is good to know.
    """

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    def error(self, path: KeyPath, message: str) -> None:
        """Notes what cannot work."""
        self.errors.append(Finding(path, message))

    def warn(self, path: KeyPath, message: str) -> None:
        """Notes what works and is unwise."""
        self.warnings.append(Finding(path, message))

    def note(self, path: KeyPath, message: str) -> None:
        """Notes what is good to know."""
        self.notes.append(Finding(path, message))
