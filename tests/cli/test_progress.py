"""How far a run is: lines, lines of JSON, or a bar; and what is warned of meanwhile."""

import json
import logging

import pytest

from voxmill.cli.progress import Words, duration, progress_shown
from voxmill.runs.cluster import Workers
from voxmill.runs.runner import Progress

WORDS = Words("measuring", "measured")
HALF = Progress(done=4, failed=1, before=5, workers=Workers(2, 1))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is heard is told."""
    for name in ("EVERY_S", "EVERY_JSON_S"):
        monkeypatch.setattr(f"voxmill.cli.progress.{name}", 0.0)


def test_lines_say_what_begins_how_far_it_is_and_what_the_workers_do(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_shown(WORDS) as shown:
        shown.find()
        shown.begin(20, "starting 2 workers")
        shown.hear(Progress(workers=Workers()))
        shown.hear(HALF)
    looking, begun, nobody, half = capsys.readouterr().err.splitlines()
    assert (looking, begun) == ("voxmill: looking for cases", "voxmill: 20 cases; starting 2 workers")
    assert nobody == "voxmill: 0 measured, 0 failed, 0.0 per minute; no worker yet"
    assert half.startswith("voxmill: 4 measured, 1 failed, ")
    assert half.endswith(" s left; 1 of 2 workers busy")


def test_of_what_begins_at_once_there_is_nothing_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_shown(WORDS) as shown:
        shown.begin(20)
    assert capsys.readouterr().err == ""


def test_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_shown(WORDS, as_json=True) as shown:
        shown.find()
        shown.begin(20, "starting 2 workers")
        shown.hear(HALF)
        shown.hear(Progress(1))
        logging.getLogger("voxmill.runs.cluster").warning("no worker has come yet")
    begun, half, alone, warned = map(json.loads, capsys.readouterr().err.splitlines())
    assert (begun["event"], begun["cases"]) == ("begin", 20)
    assert (half["event"], half["done"], half["failed"], half["before"]) == ("progress", 4, 1, 5)
    assert (half["workers"], half["busy"]) == (2, 1)
    assert (alone["workers"], alone["busy"]) == (None, None)
    assert (warned["event"], warned["text"]) == ("warning", "no worker has come yet")


def test_a_bar_says_so_too_and_is_gone_in_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    with progress_shown(WORDS) as shown:
        for tell in (shown.find, lambda: shown.begin(20, "starting 2 workers"), lambda: shown.hear(HALF)):
            tell()
            shown._bar.refresh()  # type: ignore[attr-defined]
    said = capsys.readouterr().err
    assert said.index("looking for cases") < said.index("starting 2 workers") < said.index("measuring, 1 failed, ")
    assert "/min, 1 of 2 workers busy" in said
    assert "10/20" in said


def test_a_warning_is_told_as_everything_else_while_a_run_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_shown(WORDS):
        logging.getLogger("voxmill.runs.cluster").warning("no worker has come yet")
    assert capsys.readouterr().err == "voxmill: no worker has come yet\n"
    assert not logging.getLogger("voxmill").handlers


@pytest.mark.parametrize("seconds, told", [(20, "20 s"), (119, "119 s"), (600, "10 min"), (7500, "2 h 5 min")])
def test_times_for_people(seconds: float, told: str) -> None:
    assert duration(seconds) == told
