"""The committed runs as documents that a test may change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["REFERENCES", "TABLE3", "open_document"]

REFERENCES = Path(__file__).resolve().parents[1] / "reports" / "reference"
TABLE3 = next((REFERENCES / "table3").iterdir()) / "results.json"


def open_document(file: Path = TABLE3) -> dict[str, Any]:
    """A stored run without its checksum, which would refuse every change."""
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    document.pop("sha256", None)
    return document
