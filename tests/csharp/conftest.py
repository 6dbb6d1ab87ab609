"""What all tests of the C# side share."""

from tests.csharp.build import built, compiled_core, runner

__all__ = ["built", "compiled_core", "runner"]
