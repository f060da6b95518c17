"""Who a service is, as people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.identity import ServiceKey

_words = st.text(st.characters(exclude_characters="/#"), min_size=1)
_keys = st.builds(ServiceKey, st.just("") | _words, _words, st.integers(min_value=1))


@given(_keys)
def test_a_key_is_read_as_it_was_written(key: ServiceKey) -> None:
    assert ServiceKey.parse(str(key)) == key


@pytest.mark.parametrize(
    ("key", "written", "label"),
    [
        (ServiceKey("shop", "webui"), "shop/webui", "webui"),
        (ServiceKey("", "webui"), "webui", "webui"),
        (ServiceKey("shop", "webui", 2), "shop/webui#2", "webui#2"),
        (ServiceKey("", "webui", 2), "webui#2", "webui#2"),
    ],
)
def test_the_first_container_of_a_service_and_no_project_are_left_out(
    key: ServiceKey, written: str, label: str
) -> None:
    assert (str(key), key.label) == (written, label)
    assert ServiceKey.parse(written) == key


@pytest.mark.parametrize("text", ["", "/", "shop/", "/webui", "a/b/c", "webui#", "webui#0", "webui#01", "a#b", "a#1#2"])
def test_what_is_no_name_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="is not a service name: write NAME, PROJECT/NAME or PROJECT/NAME#NUMBER"):
        ServiceKey.parse(text)


@pytest.mark.parametrize(
    ("named", "means", "not_meant"),
    [
        ("webui", ["webui", "shop/webui", "shop/webui#2"], ["shop/api"]),
        ("shop/webui", ["shop/webui", "shop/webui#2"], ["webui", "blog/webui"]),
        ("shop/webui#2", ["shop/webui#2"], ["shop/webui", "shop/webui#3", "webui#2"]),
    ],
)
def test_a_name_means_every_replica_unless_it_has_a_number(named: str, means: list[str], not_meant: list[str]) -> None:
    key = ServiceKey.parse(named)
    assert all(key.means(ServiceKey.parse(one)) for one in means)
    assert not any(key.means(ServiceKey.parse(one)) for one in not_meant)
    assert [one for one in means if key.means_replica(ServiceKey.parse(one))] == [
        one for one in means if ServiceKey.parse(one).number == key.number
    ]
