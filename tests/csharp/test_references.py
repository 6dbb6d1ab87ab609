"""What the compiled bridge refers to: named assemblies and types, each known to .NET Framework 4.8.

Members are held to .NET Framework 4.8 by the compiler itself, against its reference assemblies; a
new type must be written down in `allowed_types.txt`, where somebody looks at it.
"""

from collections.abc import Iterator
from pathlib import Path

import dnfile
import pytest

HERE = Path(__file__).resolve().parent
ASSEMBLIES = {
    "mscorlib",
    "System",
    "System.Core",
    "System.Net.Http",
    "System.Xml",
    "System.Web.Extensions",
    "System.ComponentModel.DataAnnotations",
    "core",
    "stubs",
}
FRAMEWORK = Path("/usr/lib/mono/4.8-api")


def allowed() -> set[str]:
    lines = (HERE / "allowed_types.txt").read_text(encoding="ascii").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def full_name(row: dnfile.mdtable.TypeRefRow | dnfile.mdtable.TypeDefRow) -> str:
    return f"{row.TypeNamespace}.{row.TypeName}".lstrip(".")


def tables(library: Path) -> dnfile.stream.MetaDataTables:
    """What a library says of itself; a table is read when it is asked for."""
    return dnfile.dnPE(str(library), clr_lazy_load=True).net.mdtables


def referred(library: Path) -> Iterator[tuple[str, str]]:
    """Assembly and full name of each type that a library refers to; nested ones by the owner's."""
    for row in tables(library).TypeRef:
        owner = row.ResolutionScope.row
        name = full_name(row)
        while not isinstance(owner, dnfile.mdtable.AssemblyRefRow):
            name = f"{full_name(owner)}+{name}"
            owner = owner.ResolutionScope.row
        yield str(owner.Name), name


@pytest.fixture(scope="module", params=["core.dll", "bridge.dll"])
def references(request: pytest.FixtureRequest, built: Path) -> set[tuple[str, str]]:
    found = set(referred(built / request.param))
    assert len(found) > 30
    return found


def test_only_what_ninjatrader_references_by_default(references: set[tuple[str, str]]) -> None:
    assert {assembly for assembly, _ in references} <= ASSEMBLIES


def test_the_core_does_not_know_ninjatrader(built: Path) -> None:
    assert "stubs" not in {assembly for assembly, _ in referred(built / "core.dll")}


def test_only_types_that_somebody_has_looked_at(references: set[tuple[str, str]]) -> None:
    ours = {"core", "stubs"}
    named = {name for assembly, name in references if assembly not in ours}
    assert sorted(named - allowed()) == []


def test_what_is_written_down_is_used(built: Path) -> None:
    used = {
        name for library in ("core", "bridge") for _, name in referred(built / f"{library}.dll")
    }
    assert sorted(allowed() - used) == []


def test_each_of_them_is_in_net_framework() -> None:
    """By Microsoft's reference assemblies, as Debian's mono-devel brings them."""
    if not FRAMEWORK.is_dir():
        pytest.skip("the reference assemblies of .NET 4.8 are not here (package mono-devel)")
    known = {
        full_name(row)
        for name in ASSEMBLIES - {"core", "stubs"}
        for row in tables(FRAMEWORK / f"{name}.dll").TypeDef
    }
    assert sorted(name for name in allowed() if name.split("+")[0] not in known) == []
    assert "System.Span`1" not in known, "which Mono has and .NET Framework has not"
