"""YAML as Compose writes it: safe, with Compose's own tags, bounded against documents that unfold without end."""

from __future__ import annotations

from typing import Any, Final

import yaml

_MERGE: Final = "tag:yaml.org,2002:merge"
_MOST_MERGED: Final = 100_000


class _ComposeLoader(yaml.SafeLoader):
    """SafeLoader that knows `!reset` and `!override` and bounds what `<<` may pull in over the whole document."""

    _merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """What a mapping says itself is over what it merges, and earlier over later: PyYAML 6.0.4 reverses that.

        Counted before it is unfolded: one mapping may merge another ten thousand times.
        """
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        sources = [source for key, value in node.value if key.tag == _MERGE for source in _merge_sources(value)]
        node.value = own  # before its sources: a mapping may merge itself
        super().flatten_mapping(node)
        merged: list[tuple[yaml.Node, yaml.Node]] = []
        for source in reversed(sources):
            self.flatten_mapping(source)
            self._merged += 1 + len(source.value)
            if self._merged > _MOST_MERGED:
                raise yaml.YAMLError("its merge keys unfold without end")
            merged += source.value
        node.value = merged + own

    def reset(self, node: yaml.Node) -> None:
        """`!reset` takes away what an earlier file said."""

    def override(self, node: yaml.Node) -> Any:
        """`!override` marks a value that replaces instead of adding up."""
        match node:
            case yaml.MappingNode():
                return self.construct_mapping(node, deep=True)
            case yaml.SequenceNode():
                return self.construct_sequence(node, deep=True)
            case yaml.ScalarNode():
                return self.construct_scalar(node)
            case _:
                raise yaml.YAMLError("!override stands on nothing")


_ComposeLoader.add_constructor("!reset", _ComposeLoader.reset)
_ComposeLoader.add_constructor("!override", _ComposeLoader.override)


def _merge_sources(value: yaml.Node) -> list[yaml.MappingNode]:
    sources: list[yaml.MappingNode] = []
    for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
        if not isinstance(source, yaml.MappingNode):
            raise yaml.MarkedYAMLError(problem="only mappings can be merged", problem_mark=source.start_mark)
        sources.append(source)
    return sources


def parse_yaml(content: bytes) -> Any:
    """The one document; raises ValueError with a bounded sentence."""
    try:
        return yaml.load(content, Loader=_ComposeLoader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ValueError(f"{str(error.problem)[:120]} (line {line})") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(str(error).splitlines()[0][:120] if str(error) else "it cannot be parsed") from None
    except RecursionError:
        raise ValueError("it stands too deep in itself") from None
