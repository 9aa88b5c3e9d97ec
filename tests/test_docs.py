"""Pages made from the code are up to date."""

from pathlib import Path

from voxmill.cli.reference import groups, settings_markdown
from voxmill.cli.show import catalogue_markdown
from voxmill_kernels.features.catalogue import FAMILIES

DOCS = Path(__file__).parent.parent / "docs"


def test_features_page() -> None:
    page = (DOCS / "features.md").read_text(encoding="utf-8")
    assert page == catalogue_markdown(FAMILIES), "run: voxmill features --markdown > docs/features.md"


def test_settings_page() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert page == settings_markdown(groups()), "run: voxmill settings --markdown > docs/settings.md"
