"""The command that calibrates: told before the work what cannot be."""

from toolkit import cli


def test_an_output_that_is_there_is_refused_before_the_work(tmp_path, capsys) -> None:
    output = tmp_path / "own.json"
    output.write_text("mine")
    asked = ["calibrate", str(tmp_path / "no folder"), "--subject", "animal"]
    assert cli.main([*asked, "--output", str(output)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert output.read_text() == "mine"


def test_a_folder_that_is_not_there_is_told(tmp_path, capsys) -> None:
    asked = ["calibrate", str(tmp_path / "no folder"), "--subject", "animal"]
    assert cli.main([*asked, "--output", str(tmp_path / "own.json")]) == 2
    assert "no folder" in capsys.readouterr().err
