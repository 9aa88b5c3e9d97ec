"""What `voxmill run` says before it begins."""

from pathlib import Path

from typer.testing import CliRunner

from voxmill.cli import app


def test_the_help_begins_with_what_everybody_needs() -> None:
    asked = CliRunner().invoke(app, ["run", "--help"])
    assert asked.exit_code == 0
    options = [line.split()[0].rstrip(",") for line in asked.output.splitlines() if line.startswith("  -")]
    assert options[:3] == ["-o", "--settings", "--only"]
    assert options.index("--scheduler") < options.index("--slurm") < options.index("--slurm-time")
    assert "failures.parquet that says why" in " ".join(asked.output.split())


def test_that_a_folder_is_searched_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told = CliRunner().invoke(app, ["run", str(tmp_path / "empty"), "-o", str(tmp_path / "out")])
    assert told.stderr == "voxmill: looking for cases\n"
