"""How the command lines of docker and Docker Compose are read: programs, flags, verb, the services that are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from types import MappingProxyType
from typing import Final


class NotUnderstood(Exception):
    """A flag that is not known here: whether the next word is its value cannot be told."""


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of one command: `file,f=` takes a value and is `-f` as well, `detach,d` takes none."""

    names: Mapping[str, str]
    """Also the short ones → the long name."""
    valued: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Flags:
        names: dict[str, str] = {}
        valued: set[str] = set()
        for word in text.split():
            long, *short = word.removesuffix("=").split(",")
            names |= dict.fromkeys((long, *short), long)
            if word.endswith("="):
                valued.add(long)
        return cls(names, frozenset(valued))

    def read(self, words: Sequence[str], *, interspersed: bool) -> Read:
        """As pflag reads them. Raises NotUnderstood."""
        given: list[tuple[str, str]] = []
        rest: list[str] = []
        at = 0
        while at < len(words):
            word = words[at]
            at += 1
            if word == "--":
                break
            if not word.startswith("-") or word == "-":
                if not interspersed:
                    at -= 1
                    break
                rest.append(word)
                continue
            for name, value in self._named(word):
                if value is not None:
                    given.append((name, value))
                elif name not in self.valued:
                    given.append((name, "true"))
                elif at < len(words):
                    given.append((name, words[at]))
                    at += 1
                else:
                    raise NotUnderstood(word)
        return Read(given, [*rest, *words[at:]], at)

    def _named(self, word: str) -> list[tuple[str, str | None]]:
        """The flags of one word, each with the value that stands in the same word."""
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            return [(self._long(name), value if equals else None)]
        found: list[tuple[str, str | None]] = []
        for place, letter in enumerate(word[1:], start=2):
            name, left = self._long(letter), word[place:]
            if left.startswith("=") or (left and name in self.valued):
                return [*found, (name, left.removeprefix("="))]
            found.append((name, None))
        return found

    def _long(self, name: str) -> str:
        try:
            return self.names[name]
        except KeyError:
            raise NotUnderstood(name) from None


@dataclass(frozen=True, slots=True)
class Read:
    given: list[tuple[str, str]]
    rest: list[str]
    """The words that are no flags."""
    used: int
    """Words up to the first that is no flag, where flags end there."""

    def last(self, name: str, otherwise: str = "") -> str:
        return next((value for flag, value in reversed(self.given) if flag == name), otherwise)

    def switched(self, name: str, *, otherwise: bool = False) -> bool:
        return truth(self.last(name, "true" if otherwise else "false"))

    def all(self, name: str) -> list[str]:
        return [value for flag, value in self.given if flag == name]


def truth(text: str) -> bool:
    """As Compose reads a switch."""
    return text.strip().lower() in {"1", "t", "true", "y"}


DOCKER: Final = Flags.of(
    "config= context,c= debug,D help,h host,H= log-level,l= tls tlscacert= tlscert= tlskey= tlsverify version,v"
)
COMPOSE: Final = Flags.of(
    "all-resources ansi= compatibility dry-run env-file= file,f= help,h no-ansi parallel= profile= progress="
    " project-directory= project-name,p= verbose version,v workdir="
)
_SHARED: Final = " dry-run help,h "
VERBS: Final[Mapping[str, Flags]] = MappingProxyType(
    {
        verb: Flags.of(text + _SHARED)
        for verb, text in {
            "up": "abort-on-container-exit abort-on-container-failure always-recreate-deps attach= attach-dependencies"
            " build detach,d exit-code-from= force-recreate menu no-attach= no-build no-color no-deps no-log-prefix"
            " no-recreate no-start pull= quiet-build quiet-pull remove-orphans renew-anon-volumes,V scale= timeout,t="
            " timestamps wait wait-timeout= watch,w yes,y",
            "create": "build force-recreate no-build no-recreate pull= quiet-pull remove-orphans scale= yes,y",
            "run": "build cap-add= cap-drop= detach,d entrypoint= env,e= env-from-file= interactive,i label,l= name="
            " no-TTY,T no-deps publish,p= pull= quiet,q quiet-build quiet-pull remove-orphans rm service-ports,P tty,t"
            " use-aliases user,u= volume,v= workdir,w=",
            "scale": "no-deps",
            "down": "remove-orphans rmi= timeout,t= volumes,v",
            "stop": "timeout,t=",
            "kill": "remove-orphans signal,s=",
            "rm": "all,a force,f stop,s volumes,v",
            "start": "",
            "restart": "no-deps timeout,t=",
        }.items()
    }
)
"""Of the verbs that create, start, end or remove containers of services (Compose 2.40)."""


@dataclass(frozen=True, slots=True)
class ComposeCall:
    """A command line of Compose. `program` are the words before the verb."""

    program: tuple[str, ...]
    globals: Read
    verb: str
    flags: Read = field(default_factory=lambda: Read([], [], 0))


def compose_program(command: Sequence[str]) -> int:
    """How many words call Docker Compose: `docker -H … compose`, `docker-compose`; 0 for any other program."""
    match PurePath(command[0]).name if command else "":
        case "docker-compose":
            return 1
        case "docker":
            try:
                used = 1 + DOCKER.read(command[1:], interspersed=False).used
            except NotUnderstood:
                return 0
            return used + 1 if list(command[used : used + 1]) == ["compose"] else 0
        case _:
            return 0


def compose_call(command: Sequence[str]) -> ComposeCall | None:
    """Of a command that calls Compose; None where there is no verb, as with `--version`. Raises NotUnderstood."""
    start = compose_program(command)
    read = COMPOSE.read(command[start:], interspersed=False)
    if not read.rest or read.switched("help") or read.switched("version"):
        return None
    verb, *words = read.rest
    program = tuple(command[: start + read.used])
    if verb not in VERBS:
        return ComposeCall(program, read, verb)
    flags = VERBS[verb].read(words, interspersed=verb != "run")
    return None if flags.switched("help") else ComposeCall(program, read, verb, flags)
