"""What people ask of a container, drawn at random: bodies of the engine's own API, so that nothing is out of reach."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.lab.engine import LabEngine

IMAGE = "shop/any:1"
SLEEPS = ("sleep", "1000000")
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=6)
MEBI = 2**20


@dataclass(frozen=True, slots=True)
class Wish:
    """One container: the body that creates it, and the networks that it is connected to afterwards, by name."""

    body: Mapping[str, Any]
    connected: Mapping[str, Mapping[str, Any]]

    def fulfil(self, engine: LabEngine, name: str) -> str:
        """Creates, connects and starts it; its full ID."""
        answer = engine.api("POST", "/containers/create", self.body, {"name": name})
        assert answer.status == 201, (answer.body, self.body)
        for network, endpoint in self.connected.items():
            body = {"Container": answer.json["Id"], "EndpointConfig": endpoint}
            assert engine.api("POST", f"/networks/{network}/connect", body).status == 200, endpoint
        started = engine.api("POST", f"/containers/{answer.json['Id']}/start")
        assert started.status == 204, (started.body, self.body)
        return str(answer.json["Id"])


def set_stage(engine: LabEngine) -> None:
    """The image, the networks and the neighbour that wishes refer to."""
    env = {"PATH": "/bin", "FROM_IMAGE": "yes"}
    label = {"from": "image"}
    engine.image(IMAGE, volume=["/image"], env=env, expose=["80"], label=label, workdir="/tmp", entrypoint=["env"])
    for number, network in enumerate(("front", "back")):
        engine.docker("network", "create", "--subnet", f"10.{77 + number}.0.0/16", network)
    engine.run("peer", "--volume", "/from-peer", "--ipc", "shareable")


def some(fields: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Any few of these fields; the rest is not said."""
    return st.fixed_dictionaries({}, optional=dict(fields))


HEALTHCHECKS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({"Test": ["NONE"]}),
    st.fixed_dictionaries(
        {"Test": st.sampled_from([["CMD", "true"], ["CMD-SHELL", "exit 0"]]), "Interval": st.just(10**9 // 5)},
        optional={"Timeout": st.just(5 * 10**9), "Retries": st.integers(1, 9), "StartPeriod": st.just(10**9)},
    ),
)
COMMANDS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"Cmd": list(SLEEPS)},
        {"Cmd": ["sh", "-c", "true 'a  b' \"$FROM_IMAGE\"; exec sleep 1000000"]},
        {"Entrypoint": ["/bin/sleep"], "Cmd": ["1000000"]},
        {"Entrypoint": [""], "Cmd": list(SLEEPS)},
        {"Entrypoint": list(SLEEPS)},
    ]
)
CONFIGS = some(
    {
        "Env": st.dictionaries(NAMES, ANY_TEXT, max_size=3).map(lambda env: [f"{k}={v}" for k, v in env.items()]),
        "Labels": st.dictionaries(NAMES, ANY_TEXT, max_size=3),
        "User": st.sampled_from(["", "0", "nobody", "65534:65534"]),
        "WorkingDir": st.sampled_from(["/", "/new/folder"]),
        "Tty": st.booleans(),
        "OpenStdin": st.booleans(),
        "StdinOnce": st.booleans(),
        "StopSignal": st.sampled_from(["SIGINT", "SIGKILL", "10"]),
        "StopTimeout": st.integers(0, 30),
        "Healthcheck": HEALTHCHECKS,
        "Volumes": st.sampled_from([{"/anonymous": {}}, {"/one": {}, "/two": {}}]),
        "ExposedPorts": st.sampled_from([{"90/udp": {}}, {"91/tcp": {}, "92/tcp": {}}]),
    }
)
HOSTNAMES = some({"Hostname": NAMES, "Domainname": st.just("example.org")})
LIMITS = {
    "Memory": st.integers(8, 64).map(lambda mebi: mebi * MEBI),
    "MemoryReservation": st.just(6 * MEBI),
    "NanoCpus": st.integers(1, 10).map(lambda tenths: tenths * 10**8),
    "CpuShares": st.integers(2, 2048),
    "CpusetCpus": st.just("0"),
    "PidsLimit": st.integers(20, 200),
    "Ulimits": st.just([{"Name": "nofile", "Soft": 100, "Hard": 200}]),
    "ShmSize": st.integers(1, 64).map(lambda mebi: mebi * MEBI),
    "OomScoreAdj": st.integers(0, 1000),
    "OomKillDisable": st.just(value=False),
}
SECURITY = {
    "CapAdd": st.sampled_from([["NET_ADMIN"], ["SYS_TIME", "NET_RAW"]]),
    "CapDrop": st.sampled_from([["MKNOD"], ["AUDIT_WRITE", "SETFCAP"]]),
    "ReadonlyRootfs": st.just(value=True),
    "SecurityOpt": st.sampled_from([["no-new-privileges"], ["seccomp=unconfined", "no-new-privileges:true"]]),
    "Sysctls": st.just({"kernel.msgmax": "9000"}),
    "GroupAdd": st.sampled_from([["10"], ["0", "20"]]),
    "MaskedPaths": st.sampled_from([[], ["/proc/kcore"]]),
    "ReadonlyPaths": st.sampled_from([[], ["/proc/sys"]]),
    "Devices": st.just([{"PathOnHost": "/dev/null", "PathInContainer": "/dev/nil", "CgroupPermissions": "r"}]),
    "DeviceCgroupRules": st.just(["c 1:3 mr"]),
}
STORAGE = {
    "Binds": st.lists(
        st.sampled_from(["named:/named", "read:/read:ro", "/etc:/host:ro", "named:/again:nocopy"]), unique=True
    ),
    "Mounts": st.lists(
        st.sampled_from(
            [
                {"Type": "volume", "Target": "/mounted"},
                {"Type": "volume", "Source": "other", "Target": "/other", "ReadOnly": True},
                {"Type": "volume", "Source": "labelled", "Target": "/l", "VolumeOptions": {"Labels": {"a": "b"}}},
                {"Type": "bind", "Source": "/usr", "Target": "/usr-of-host", "ReadOnly": True},
                {"Type": "tmpfs", "Target": "/scratch", "TmpfsOptions": {"SizeBytes": MEBI, "Mode": 0o700}},
            ]
        ),
        unique_by=lambda mount: str(mount["Target"]),
    ),
    "Tmpfs": st.sampled_from([{"/run": ""}, {"/run": "size=1m", "/cache": "rw,noexec"}]),
    "VolumesFrom": st.sampled_from([["peer"], ["peer:ro"]]),
}
PROCESS = {
    "Init": st.booleans(),
    "RestartPolicy": st.sampled_from(
        [{"Name": "always"}, {"Name": "unless-stopped"}, {"Name": "on-failure", "MaximumRetryCount": 3}, {"Name": "no"}]
    ),
    "LogConfig": st.sampled_from(
        [{"Type": "none"}, {"Type": "local"}, {"Type": "json-file", "Config": {"max-size": "1m", "labels": "a"}}]
    ),
    "CgroupnsMode": st.sampled_from(["host", "private"]),
    "IpcMode": st.sampled_from(["private", "shareable", "none", "container:peer"]),
    "PidMode": st.sampled_from(["", "host", "container:peer"]),
    "Runtime": st.just("runc"),
    "Annotations": st.just({"with": "an annotation"}),
}
NAMES_AND_PORTS = {
    "Dns": st.just(["10.0.0.1", "10.0.0.2"]),
    "DnsOptions": st.just(["ndots:2"]),
    "DnsSearch": st.just(["example.org"]),
    "ExtraHosts": st.just(["db:10.0.0.9"]),
    "PortBindings": st.sampled_from(
        [{"80/tcp": [{"HostPort": ""}]}, {"91/udp": [{"HostIp": "127.0.0.1", "HostPort": "0"}]}]
    ),
    "PublishAllPorts": st.just(value=True),
}
LINKS = {"Links": st.just(["peer:db"])}
"""Between containers on the engine's own bridge."""
HOSTS = some({**LIMITS, **SECURITY, **STORAGE, **PROCESS})
ALIASES = st.lists(NAMES, max_size=2, unique=True)


@st.composite
def wishes(draw: st.DrawFn, number: int) -> Wish:
    """The `number`, different for all that exist at once, keeps configured addresses apart."""
    host = draw(HOSTS)
    config = {"Image": IMAGE, **draw(COMMANDS), **draw(CONFIGS)}
    mode = draw(st.sampled_from(["default", "bridge", "front", "front", "front", "host", "none", "container:peer"]))
    host["NetworkMode"] = mode
    networking: dict[str, Any] = {}
    connected: dict[str, Any] = {}
    if mode in {"default", "bridge", "front"}:
        config |= draw(HOSTNAMES)
        host |= draw(some(NAMES_AND_PORTS if mode == "front" else {**NAMES_AND_PORTS, **LINKS}))
    else:
        config.pop("ExposedPorts", None)
    if mode == "front":
        networking = {"front": draw(_endpoint("10.77.1", number))}
        if draw(st.booleans()):
            connected = {"back": draw(_endpoint("10.78.1", number))}
        if draw(st.booleans()):
            config["MacAddress"] = networking["front"]["MacAddress"] = f"02:aa:00:00:00:{number:02x}"
    return Wish({**config, "HostConfig": host, "NetworkingConfig": {"EndpointsConfig": networking}}, connected)


def _endpoint(prefix: str, number: int) -> st.SearchStrategy[dict[str, Any]]:
    address = st.just({"IPv4Address": f"{prefix}.{number}"})
    return some({"Aliases": ALIASES, "IPAMConfig": address, "DriverOpts": st.just({"com.example.a": "b"})})
