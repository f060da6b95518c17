from __future__ import annotations

import pytest

from tests.config.conftest import Complaints, Load


def test_every_problem_is_told_with_its_line_and_what_is_allowed(complaints: Complaints) -> None:
    lines = complaints(
        """\
[watch]
interval = "-5s"
intervall = 3

[recovery]
absence_grace = "200s"
window = 0

[foo]
[[service]]
name = "a/b"
[service.health]
failures = true
[[service]]
name = "webui"
[[service.check]]
name = "y"
tcp = "x:99999"
[[endpoint]]
url = "ftp://h/"
"""
    )
    assert [line.partition("; allowed: ")[0] for line in lines] == [
        'watchdog.toml:2: watch.interval: "-5s" is negative',
        "watchdog.toml:3: watch.intervall: is not known, did you mean interval?",
        "watchdog.toml:6: recovery.absence_grace: absence_grace (200 s) is longer than absence_max (120 s)",
        "watchdog.toml:7: recovery.window: 0 is too short",
        "watchdog.toml:9: foo: is not known",
        'watchdog.toml:11: service[1].name: "a/b" cannot be used',
        "watchdog.toml:13: service[1].health.failures: true is not a whole number",
        "watchdog.toml:18: service[webui].check[y].tcp: port 99999 is out of range",
        "watchdog.toml:19: endpoint[1].name: is missing",
        "watchdog.toml:20: endpoint[1].url: does not begin with http:// or https://",
    ]
    assert lines[0].endswith(
        '; allowed: a duration from 100ms to 1d, as "60s", "1m30s", "2h", "500ms" or a number of seconds'
    )
    assert lines[7].endswith('; allowed: host:port with a port from 1 to 65535, as "db:5432" or "[::1]:5432"')
    assert lines[8].endswith('; allowed: letters, digits, "_", "." and "-", 63 at the most')


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("watch.interval = 0", "watch.interval: 0 is too short"),
        ("watch.interval = '2d'", 'watch.interval: "2d" is too long'),
        ("watch.interval = nan", "watch.interval: nan is too long"),
        ("watch.interval = true", "watch.interval: true is not a duration"),
        ("watch.interval = [1]", "watch.interval: a list is not a duration"),
        ("watch = 3", "watch: 3 is no table; allowed: a table of interval"),
        ("health.failures = 0", "health.failures: 0 is out of range"),
        ("health.failures = 1.5", "health.failures: 1.5 is not a whole number"),
        ("health.soak = 0", "health.soak: 0 is too short"),
        ("engine.timeout = -1", "engine.timeout: -1 is negative"),
        ("engine.host = 'unix:relative'", 'engine.host: "unix:relative" names no engine'),
        ("engine.host = 'tcp://host'", 'engine.host: "host" is not host:port'),
        ("engine.cert_path = 'certs'", 'engine.cert_path: "certs" is not absolute; allowed: an absolute path'),
        ("engine.tls_verify = 2", "engine.tls_verify: 2 is neither true nor false"),
        ("discovery.mode = 'some'", 'discovery.mode: "some" is no choice here; allowed: "all" or "labelled" or'),
        ("discovery.exclude = 3", "discovery.exclude: 3 is not a list"),
        ("discovery.exclude = ['']", "discovery.exclude: is empty"),
        ("health.flap_low = 30", "health.flap_low: flap_low (30) is more than flap_high (20); allowed: flap_low ≤"),
        ("health.flap_high = '4'", "health.flap_high: flap_low (5) is more than flap_high (4)"),
        ("health.flap_high = 101", "health.flap_high: 101 is out of range; allowed: a number from 0 to 100"),
        ("observer.references = 3", "observer.references: 3 is not a list; allowed: a list of host:port or URLs"),
        ("observer.references = ['1.1.1.1']", 'observer.references: "1.1.1.1" is not host:port'),
        ("observer.references = ['tcp://1.1.1.1:53']", "observer.references: does not begin with http:// or https://"),
        ("recovery.on_stop = []", "recovery.on_stop: a list is no choice here"),
        ("recovery.backoff = '2m'", "recovery.backoff: backoff (120 s) is longer than backoff_max (60 s)"),
        ("recovery.absence_max = '5s'", "recovery.absence_max: absence_grace (10 s) is longer than absence_max (5 s)"),
        ("api.listen = ''", "api.listen: is empty"),
        ("api.listen = ':8080'", "api.listen: has no host"),
        ("api.listen = '127.0.0.1:65536'", "api.listen: port 65536 is out of range"),
        ("api.listen = '::1:8080'", 'api.listen: "::1:8080" is not host:port'),
        ("api.listen = '[1::2::3]:8080'", "api.listen: has an IPv6 address that is none"),
        ("alert.ping = 3", "alert.ping: is not a text"),
        ("alert.receiver = 3", "alert.receiver: is no list of tables; allowed: [[alert.receiver]]"),
        ("service = 3", "service: is no list of tables; allowed: [[service]]"),
        ("[service]", "service: is no list of tables; allowed: [[service]]"),
        ("[[service]]\nname='a'\ncheck = 3", "service[a].check: is no list of tables; allowed: [[service.check]]"),
        ("[[service]]\nname='a'\nrecovery.concurrency = 3", "service[a].recovery.concurrency: is not known"),
        ("[[service]]\nname='a'\nweight = inf", "service[a].weight: inf is out of range"),
        ("service = [1]", "service[1]: 1 is no table"),
    ],
)
def test_a_wrong_value_is_one_sentence(text: str, sentence: str, complaints: Complaints) -> None:
    (line,) = complaints(text)
    assert line.partition(": ")[2].startswith(sentence)
    assert "; allowed: " in line


CHECK = "[[endpoint]]\nname = 'e'\n"


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("", "endpoint[e]: does not say what to ask; allowed: exactly one of url, "),
        ("url = 'http://h'\ntcp = 'h:1'", "endpoint[e]: asks for url and tcp; allowed: exactly one of"),
        ("url = 'http://'", "endpoint[e].url: has no host"),
        ("url = 'http://h:0/'", "endpoint[e].url: port 0 is out of range"),
        ("url = 'http://h:99999/'", "endpoint[e].url: has a host or port that cannot be read"),
        ("url = 'http://[::1/'", "endpoint[e].url: has a host or port that cannot be read"),
        ("url = 'http://h h/'", "endpoint[e].url: contains a blank"),
        ("url = 'http://-h/'", "endpoint[e].url: has a host that is neither a name nor an address"),
        ("tcp = 'h'", 'endpoint[e].tcp: "h" is not host:port'),
        ("tcp = '[h]:1'", 'endpoint[e].tcp: "[h]:1" has an IPv6 address that is none'),
        ("tcp = 'h:1'\nstatus = 200", "endpoint[e].status: means nothing for tcp; allowed: url"),
        ("tcp = 'h:1'\nverify_tls = true", "endpoint[e].verify_tls: means nothing for tcp; allowed: url or tls"),
        ("tcp = 'h:1'\nfrom = 'a/b/c'", 'endpoint[e].from: "a/b/c" is no service name'),
        (
            "url = 'http://h'\nfrom = 'a'\nconnection = 'kept'",
            "endpoint[e].connection: is kept from where watchdog runs only",
        ),
        ("tcp = 'h:1'\nmax_bytes = 5", "endpoint[e].max_bytes: means nothing without expect"),
        ("tcp = 'h:1'\nexpect = 'x'\nmax_bytes = 70000", "endpoint[e].max_bytes: 70000 is out of range"),
        ("tcp = 'h:1'\nexpect = '('", 'endpoint[e].expect: "(" is no regular expression'),
        ("tls = 'h:1'\nmin_version = '1.4'", 'endpoint[e].min_version: "1.4" is no choice here'),
        ("tls = 'h:1'\nserver_name = 'a b'", "endpoint[e].server_name: has a host that is neither"),
        ("tls = 'h:1'\nstarttls = 'ldap'", 'endpoint[e].starttls: "ldap" is no choice here'),
        ("icmp = 'a b'", "endpoint[e].icmp: has a host that is neither a name nor an address"),
        ("dns = 'a..b'", 'endpoint[e].dns: "a..b" cannot be used'),
        ("dns = 'a'\nserver = '10.0.0.2'", 'endpoint[e].server: "10.0.0.2" is not host:port'),
        ("dns = 'a'\ntype = 'ANY'", 'endpoint[e].type: "ANY" is no choice here'),
        ("dns = 'a'\nrcode = 'NXDOMAIN'\nanswers = ['x']", "endpoint[e].answers: cannot come with NXDOMAIN"),
        ("tls = 'h:1'\nheaders = {}", "endpoint[e].headers: means nothing for tls; allowed: url"),
        ("url = 'http://h'\nstatus = '6xx'", 'endpoint[e].status: "6xx" is no HTTP status'),
        ("url = 'http://h'\nstatus = []", "endpoint[e].status: is empty"),
        ("url = 'http://h'\nstatus = true", "endpoint[e].status: true is no HTTP status"),
        ("url = 'http://h'\nstatus = '299-200'", 'endpoint[e].status: "299-200" ends before it begins'),
        ("url = 'http://h'\nbody_matches = '('", 'endpoint[e].body_matches: "(" is no regular expression'),
        ("url = 'http://h'\nheaders_match = { X = '(' }", 'endpoint[e].headers_match: the value of "X" "(" is no reg'),
        (
            "url = 'http://h'\nheaders = { X = \"a\\r\\nY: b\" }",
            'endpoint[e].headers: the value of "X" contains a line',
        ),
        ("url = 'http://h'\nheaders = { 'X:' = 'a' }", 'endpoint[e].headers: "X:" is no name of a header'),
        ("url = 'http://h'\nheaders = 3", "endpoint[e].headers: 3 is not a table"),
        ("url = 'http://h'\nservice = 'a'\ndepends_on = ['b']", "endpoint[e].depends_on: stands beside service"),
        ("url = 'http://h'\non_failure = 'recover'", "endpoint[e].on_failure: recover has nothing to recover"),
        ("url = 'http://h'\non_failure = 'shout'", 'endpoint[e].on_failure: "shout" is no choice here'),
        ("url = 'http://h'\nmethod = 'get'", 'endpoint[e].method: "get" cannot be used'),
        ("url = 'http://h'\nservice = 'a/b/c'", 'endpoint[e].service: "a/b/c" is no service name'),
        (
            "url = 'http://h'\nauthorization = 'a'\nheaders = { authorization = 'b' }",
            "endpoint[e].headers: has Authorization too; allowed: one of headers and authorization",
        ),
        ("url = 'http://h'\ninterval = 5\ntimeout = 6", "endpoint[e].timeout: is longer than the interval (5 s)"),
        ("url = 'http://h'\nretry_interval = '2m'", "endpoint[e].retry_interval: is longer than the interval (60 s)"),
    ],
)
def test_a_check_that_makes_no_sense_is_one_sentence(keys: str, sentence: str, complaints: Complaints) -> None:
    (line,) = complaints(CHECK + keys)
    assert line.partition(": ")[2].startswith(sentence)
    assert "; allowed: " in line


def test_only_an_endpoint_of_no_service_may_say_what_it_needs(complaints: Complaints) -> None:
    text = '[[service]]\nname = "a"\ncheck = [{ name = "c", tcp = "h:1", depends_on = "b" }]'
    (line,) = complaints(text)
    assert line.endswith("service[a].check[c].depends_on: means nothing here; allowed: in [[endpoint]]")


def test_names_are_unique(complaints: Complaints) -> None:
    assert complaints(
        """\
[[service]]
name = "a"
check = [{ name = "c", tcp = "h:1" }, { name = "c", tcp = "h:2" }, { name = "e", tcp = "h:3" }]
[[service]]
name = "a"
[[service]]
name = "a"
project = "p"
[[endpoint]]
name = "f"
tcp = "h:1"
[[endpoint]]
name = "f"
tcp = "h:1"
[[endpoint]]
name = "e"
service = "p/a"
tcp = "h:1"
"""
    ) == [
        'watchdog.toml:3: service[a].check[c].name: "c" is used twice; allowed: one check of a name in a service',
        'watchdog.toml:5: service[a].name: "a" is configured twice; allowed: one [[service]] of a name',
        'watchdog.toml:13: endpoint[f].name: "f" is used twice; allowed: one [[endpoint]] of a name',
        'watchdog.toml:16: endpoint[e].name: "e" is a check of a too; allowed: another name for one of the two',
    ]


def test_cycles_are_named(complaints: Complaints) -> None:
    services = [("a", "p", "b"), ("b", "p", "c, x"), ("c", "p", "p/a"), ("x", "", "y"), ("y", "", "x"), ("z", "", "z")]
    text = "".join(
        f"[[service]]\nname='{n}'\n{f'project={p!r}' if p else ''}\ndepends_on='{d}'\n" for n, p, d in services
    )
    lines = complaints(text)
    cycles = {line.partition("depends_on: ")[2].partition(" is a cycle")[0] for line in lines}
    assert len(lines) == 3
    assert "z → z" in cycles
    assert cycles & {"p/a → p/b → p/c → p/a", "p/b → p/c → p/a → p/b", "p/c → p/a → p/b → p/c"}
    assert cycles & {"x → y → x", "y → x → y"}


def test_a_dependency_that_is_not_configured_is_no_mistake(settings_of: Load) -> None:
    found = settings_of(
        "[[service]]\nname = 'a'\ndepends_on = ['found-later']\n[[endpoint]]\nname='e'\ntcp='h:1'\nservice='b'"
    )
    assert found.services[0][1].depends_on == ("found-later",)


def test_one_mistake_hides_no_other(complaints: Complaints) -> None:
    lines = complaints("[recovery]\nwindow = 'x'\nabsence_max = 'y'\nabsence_grace = '1h'\nbackoff = '2h'\n")
    assert [line.split(": ")[1] for line in lines] == ["recovery.window", "recovery.absence_max", "recovery.backoff"]


def test_very_many_problems_are_counted(complaints: Complaints) -> None:
    lines = complaints("[watch]\n" + "".join(f"x{number} = 1\n" for number in range(150)))
    assert len(lines) == 101
    assert lines[-1] == "and 50 more problems"


def test_a_heartbeats_token_is_long_and_never_shown(complaints: Complaints) -> None:
    (line,) = complaints("[[endpoint]]\nname = 'e'\nheartbeat = '1h'\ntoken = 'sesame'\n")
    assert line == ("watchdog.toml:4: endpoint[e].token: is easily guessed; allowed: 16 characters or more")


def test_a_recovery_that_no_call_could_prove_is_refused(complaints: Complaints, settings_of: Load) -> None:
    text = """\
[[service]]
name = "worker"
[service.recovery]
verify_timeout = "{0}"
[[service.check]]
name = "alive"
heartbeat = "90s"
on_failure = "recover"
[[endpoint]]
name = "queue"
service = "worker"
heartbeat = "91s"
on_failure = "recover"
[[endpoint]]
name = "nightly"
service = "worker"
heartbeat = "24h"
"""
    wrong = "is longer than verify_timeout (60 s), within which the next call proves a recovery"
    allowed = 'allowed: at most that, or on_failure = "alert"'
    assert complaints(text.format("60s")) == [
        f"watchdog.toml:7: service[worker].check[alive].heartbeat: {wrong}; {allowed}",
        f"watchdog.toml:12: endpoint[queue].heartbeat: {wrong}; {allowed}",
    ]
    assert len(settings_of(text.format("91s")).endpoints) == 2


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ("postgres = 'postgresql://u:secret@h/d'", "postgres: carries a password (it would be shown)"),
        ("postgres = 'postgresql://u@h/d?password=secret'", "postgres: carries a password (it would be shown)"),
        ("postgres = 'postgresql://u@h/d?host=other'", "postgres: has an option that is not known"),
        ("postgres = 'postgresql://u@h/d?sslmode=maybe'", "postgres: has an sslmode that is none"),
        ("postgres = 'mysql://u@h/d'", "postgres: does not begin with postgresql://"),
        ("postgres = 'postgresql://'", "postgres: has no host"),
        ("redis = 'redis://:secret@h'", "redis: carries a password (it would be shown)"),
        ("redis = 'redis://h/zero'", "redis: has a database that is no number"),
        ("redis = 'redis://h:99999'", "redis: has a host, port or option that cannot be read"),
        ("redis = 'redis://h'\nquery = 'FLUSHALL'", "query: is no command that only reads one value"),
        ("redis = 'redis://h'\nquery = \"GET 'x\"", "query: is no command that only reads one value"),
        ("redis = 'redis://h'\nexpect = '== 1'", "expect: has no query whose answer it expects"),
        ("redis = 'redis://h'\nquery = 'DBSIZE'\nexpect = '< 80%'", "expect: is a part of nothing known"),
        ("redis = 'redis://h'\nquery = 'DBSIZE'\nexpect = '80'", 'expect: "80" does not begin with an operator'),
        ("postgres = 'postgresql://h'\nquery = 'SELECT 1'\nreplication_lag = '1s'", "query: stands beside"),
        ("postgres = 'postgresql://h'\nconnected_clients = '< 1'", "connected_clients: means nothing for postgres"),
    ],
)
def test_a_database_that_cannot_be_asked_so_is_refused(complaints: Complaints, asked: str, complaint: str) -> None:
    (line,) = complaints(f"[[endpoint]]\nname = 'e'\n{asked}\n")
    assert f"endpoint[e].{complaint}" in line
    assert "secret" not in line


def test_without_the_extra_a_database_is_refused_with_what_to_install(
    complaints: Complaints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_: str) -> None:
        return None

    monkeypatch.setattr("watchdog.config.checks.sql.find_spec", nothing)
    (line,) = complaints("[[endpoint]]\nname = 'e'\nredis = 'redis://h'\n")
    wrong = "endpoint[e].redis: needs the package redis, which is not installed"
    assert line == f'watchdog.toml:3: {wrong}; allowed: after pip install "infra-watchdog[sql]"'
