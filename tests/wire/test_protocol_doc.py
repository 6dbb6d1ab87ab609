from pathlib import Path

from wire.codes import CloseCode, ErrorCode
from wire.messages import CLIENT_MESSAGES, SERVER_MESSAGES
from wire.protocol_doc import render

DOCUMENT = Path(__file__).parents[2] / "PROTOCOL.md"


def test_the_document_is_fresh() -> None:
    """If not: python -m wire.protocol_doc > PROTOCOL.md."""
    assert DOCUMENT.read_text(encoding="utf-8") == render()


def test_everything_is_named_and_every_field_is_explained() -> None:
    text = render()
    for kind in (*CLIENT_MESSAGES, *SERVER_MESSAGES):
        section = text.split(f"#### `{kind.__struct_config__.tag}`\n")[1].split("\n#")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert len(rows) == len(kind.__struct_fields__)
        assert [row for row in rows if row.endswith("|  |")] == []
    for code in (*ErrorCode, *CloseCode):
        assert str(code.value) in text
        assert code.meaning in text
