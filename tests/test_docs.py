"""Pages made from the code are up to date."""

from pathlib import Path

from voxmill.cli.show import catalogue_markdown
from voxmill_kernels.features.catalogue import FAMILIES

DOCS = Path(__file__).parent.parent / "docs"


def test_features_page() -> None:
    page = (DOCS / "features.md").read_text(encoding="utf-8")
    assert page == catalogue_markdown(FAMILIES), "run: voxmill features --markdown > docs/features.md"
