"""YAML as a configuration needs it: a key that is there twice is a mistake, not the last one."""

from collections.abc import Hashable
from typing import Any

import yaml

__all__ = ["load_yaml"]


class _Loader(yaml.SafeLoader):
    """The safe loader, which refuses repeated keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping of a node.

        Raises:
            ConstructorError: a key is there twice.
        """
        seen: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_yaml(text: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """The values of a YAML text.

    Raises:
        yaml.YAMLError: it is no YAML, or names a key of a mapping twice.
    """
    return yaml.load(text, _Loader)
