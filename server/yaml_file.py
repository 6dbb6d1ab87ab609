"""YAML as a configuration needs it: a key that is there twice is a mistake, not the last one."""

from collections.abc import Iterator
from typing import Any

import yaml

from market.errors import SettingsError

__all__ = ["load_yaml"]


def load_yaml(text: str, source: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """The values of a YAML text.

    Args:
        text: of one document.
        source: what it is, for the error.

    Raises:
        yaml.YAMLError: it is no YAML.
        SettingsError: a mapping names a key twice, with the key's path.
    """
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        twice = next(_repeated(root, "", set()), None)
        if twice is not None:
            path, key = twice
            line = key.start_mark.line + 1
            raise SettingsError(f"{source}: {path} is there twice, again in line {line}", key=path)
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _repeated(node: yaml.Node, path: str, seen: set[int]) -> Iterator[tuple[str, yaml.Node]]:
    """Keys that their mapping has already, with their paths; an alias is looked into once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, f"{path}[{index}]", seen)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            inner = f"{path}.{name}" if path else name
            if name in names:
                yield inner, key
            names.add(name)
            yield from _repeated(value, inner, seen)
