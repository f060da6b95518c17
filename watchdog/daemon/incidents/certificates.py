"""To which checks each certificate was presented last: 10,000 checks may well be shown one and the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from watchdog.model.observation import Observation
from watchdog.policy.certificates import presented


@dataclass(slots=True)
class CertificateIndex:
    """Checks are named by the subjects of their incidents."""

    _certificates: dict[str, str] = field(default_factory=dict[str, str])
    _checks: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))

    def note(self, subject: str, observation: Observation) -> None:
        self._forget(subject)
        certificate = presented(observation)
        if certificate:
            self._certificates[subject] = certificate
            self._checks[certificate].add(subject)

    def drop(self, prefix: str, kept: Collection[str] = ()) -> None:
        """Of all checks whose subjects begin so, but for these, nothing is known any more."""
        for subject in [one for one in self._certificates if one.startswith(prefix) and one not in kept]:
            self._forget(subject)

    def beside(self, subject: str, certificate: str) -> set[str]:
        """The other checks to which this certificate was presented last; none for ''."""
        return self._checks.get(certificate, set[str]()) - {subject}

    def _forget(self, subject: str) -> None:
        certificate = self._certificates.pop(subject, "")
        if certificate:
            self._checks[certificate].discard(subject)
            if not self._checks[certificate]:
                del self._checks[certificate]
