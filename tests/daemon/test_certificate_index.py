"""Which checks are shown the same certificate: as found by looking at all last answers, however many there were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from watchdog.daemon.incidents.certificates import CertificateIndex
from watchdog.model.observation import Observation, Verdict

CERTIFICATES = st.sampled_from(["", "aa", "bb"])
CHECKS = st.sampled_from(["endpoint a", "endpoint b", "check shop/web a", "check shop/web b"])
ANSWERS = st.tuples(st.just("answer"), CHECKS, CERTIFICATES)
DROPS = st.tuples(st.just("drop"), st.sampled_from(["endpoint ", "check shop/web "]), CHECKS)


def answer(certificate: str) -> Observation:
    return Observation(
        check="page", at=0.0, verdict=Verdict.PASS, reason="so", evidence={"certificate": certificate or None}
    )


@given(happens=st.lists(st.one_of(ANSWERS, DROPS), max_size=30))
def test_what_is_kept_is_what_was_presented_last(happens: list[tuple[str, str, str]]) -> None:
    kept, last = CertificateIndex(), dict[str, str]()
    for what, one, other in happens:
        if what == "answer":
            kept.note(one, answer(other))
            last[one] = other
        else:
            kept.drop(one, {other})
            last = {check: its for check, its in last.items() if not check.startswith(one) or check == other}
        for check in ("endpoint a", "endpoint new"):
            for certificate in ("aa", "bb"):
                found = {name for name, its in last.items() if its == certificate} - {check}
                assert kept.beside(check, certificate) == found
            assert kept.beside(check, "") == set()
