"""Every relative link in README and in the pages leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
LINK = re.compile(r"]\(([^)\s]+)")
LEFT_OUT_OF_SOURCE_DISTRIBUTIONS = {"benchmarks/records"}


def links(page: Path) -> list[str]:
    """Targets of relative links, without their fragments."""
    found = [target.partition("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8"))]
    return [target for target in found if target and "://" not in target and not target.startswith("mailto:")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    left_out = set() if (ROOT / ".git").exists() else LEFT_OUT_OF_SOURCE_DISTRIBUTIONS
    assert [target for target in links(page) if not (page.parent / target).exists() and target not in left_out] == []


def test_links_are_found() -> None:
    assert {"CONTRIBUTING.md", "docs/features.md"} <= set(links(ROOT / "README.md"))
