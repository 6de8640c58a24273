"""The options of the commands follow from the settings."""

import argparse
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar, get_args

import pytest

from toolkit.cli import commands, options
from toolkit.errors import BadSetting
from toolkit.records import SubjectInfo, Words
from toolkit.settings import AutopilotSettings, PointAndShootSettings, settings_for
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.settings import (
    Changes,
    Choice,
    Number,
    ScanSettings,
    Switch,
    as_options,
    declared,
    setting,
)

COMMANDS = {
    AutopilotSettings: ["autopilot", "PHOTOS", "OUT"],
    PointAndShootSettings: ["point-and-shoot", "PHOTOS", "PEOPLE", "OUT"],
}


def given(kind, text: str):
    return options.chosen_settings(
        options.parser().parse_args([*COMMANDS[kind], *text.split()]), kind
    )


@pytest.mark.parametrize("kind", COMMANDS)
def test_without_options_settings_are_as_recommended(kind) -> None:
    assert given(kind, "") == kind()


@pytest.mark.parametrize("kind", COMMANDS)
def test_each_setting_has_an_option_that_the_help_explains(kind, capsys) -> None:
    with pytest.raises(SystemExit):
        options.parser().parse_args([COMMANDS[kind][0], "--help"])
    seen = " ".join(capsys.readouterr().out.split())
    for each in declared(kind):
        assert each.option in seen
        assert each.explained.replace("%(default)s", str(each.default)) in seen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--threshold 0.4 --long-edge 500", {"threshold": 0.4, "long_edge": 500}),
        ("--threshold auto --upsample 2", {"threshold": "auto", "upsample": 2}),
        # As they are spelled for faces.
        ("--min-face 11 --min-sharpness 0", {"min_size": 11, "min_sharpness": 0.0}),
        (
            "--same-photo --link --plain",
            {"one_per_photo": False, "link": "symbolic", "plain": True},
        ),
        ("--landmarks 68 --device cuda", {"landmarks": 68, "device": "cuda"}),
        ("--jobs 2 --memory 1.5 --jitter 3", {"jobs": 2, "memory": 1.5, "jitter": 3}),
    ],
)
@pytest.mark.parametrize("kind", COMMANDS)
def test_options_become_settings(kind, text, expected) -> None:
    assert given(kind, text) == kind(**expected)


def test_each_mode_has_a_method_of_its_own() -> None:
    assert given(AutopilotSettings, "--method linked").method == "linked"
    found = given(PointAndShootSettings, "--method mean --largest-face")
    assert (found.method, found.largest) == ("mean", True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("--threshold near", "'near' is no threshold; expected auto, or a distance such as 0.55"),
        ("--jobs many", "argument --jobs: invalid int value: 'many'"),
        ("--method kmeans", "argument --method: invalid choice: 'kmeans'"),
        ("--landmarks 6", "argument --landmarks: invalid choice: 6"),
        ("--cluster=", "argument --cluster: it is empty, as with a variable that is not set"),
        ("--largest-face", "unrecognized arguments: --largest-face"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(text, complaint, capsys) -> None:
    with pytest.raises(SystemExit):
        given(AutopilotSettings, text)
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


def test_a_value_out_of_range_is_refused_as_in_a_notebook() -> None:
    with pytest.raises(BadSetting, match="long_edge is 10; expected a whole number of px from 100"):
        given(AutopilotSettings, "--long-edge 10")


@dataclass(frozen=True, kw_only=True)
class HueSettings(ScanSettings):
    subject: ClassVar[SubjectInfo] = SubjectInfo(
        "square", Words("square", "squares", "hue", "hues")
    )

    colour_space: str = setting(
        "lab",
        takes=Choice(("lab", "hsv")),
        changes="subject",
        explained="where the {plural} of {an_individual} are compared (%(default)s)",
    )
    least_hue: float = setting(
        0.1,
        takes=Number(0, 1),
        changes="subject",
        explained="leave out {plural} that are greyer (%(default)s)",
        metavar="H",
    )
    grey_too: bool = setting(
        False, takes=Switch(), changes="scan", explained="seek grey {plural} too"
    )


def test_a_new_setting_is_declared_once_and_has_its_option() -> None:
    kind = settings_for("autopilot", HueSettings)
    command = options.Parser(prog="squares")
    options.add_settings(command, kind, *get_args(Changes))
    shown = " ".join(command.format_help().split())
    assert "--colour-space {lab,hsv} where the squares of a hue are compared (lab)" in shown
    assert "--least-hue H leave out squares that are greyer (0.1)" in shown
    assert "--min-square PX leave out squares smaller than this" in shown
    chosen = command.parse_args(["--least-hue", "0.5", "--grey-too", "--min-square", "7"])
    found = options.chosen_settings(chosen, kind)
    assert found == kind(least_hue=0.5, grey_too=True, min_size=7)


def test_only_what_is_asked_for_gets_an_option() -> None:
    command = argparse.ArgumentParser()
    options.add_settings(command, AutopilotSettings, "export")
    assert command.parse_args([]) == argparse.Namespace(
        link=None, min_photos=1, unsorted="", write_sidecars=False
    )


def test_the_help_waits_for_no_library() -> None:
    code = (
        "import sys; from toolkit.cli import commands, options; options.parser(); "
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"numpy", "pandas", "PIL", "scipy"}.isdisjoint(done.stdout.split())


@pytest.mark.parametrize("kind", COMMANDS)
def test_commands_of_before_are_taken(kind) -> None:
    command = COMMANDS[kind]
    assert options.parser().parse_args([*command, "--replace"]).keep_all is False
    assert options.parser().parse_args([*command, "--keep-all"]).keep_all is True


def test_what_does_nothing_is_not_in_the_help(capsys) -> None:
    with pytest.raises(SystemExit):
        options.parser().parse_args(["autopilot", "--help"])
    said = capsys.readouterr().out
    assert "--keep-all" in said
    assert "--replace" not in said


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("--link PHOTOS OUT", "symbolic"),
        ("PHOTOS --link OUT", "symbolic"),
        ("PHOTOS OUT --link", "symbolic"),
        ("PHOTOS OUT --link --dry-run", "symbolic"),
        ("--link hard PHOTOS OUT", "hard"),
        ("PHOTOS OUT --link=clone", "clone"),
        ("--link -- PHOTOS OUT", "symbolic"),
        ("PHOTOS OUT", None),
    ],
)
def test_links_alone_are_symbolic(text, link) -> None:
    chosen = options.parser().parse_args(["autopilot", *text.split()])
    assert (chosen.photos, chosen.out, chosen.link) == ("PHOTOS", "OUT", link)


def test_another_kind_of_link_is_complained_of(capsys) -> None:
    with pytest.raises(SystemExit):
        options.parser().parse_args(["autopilot", "PHOTOS", "OUT", "--link=soft"])
    assert "choose from 'symbolic', 'hard', 'clone'" in capsys.readouterr().err


def test_a_text_is_taken_as_it_is() -> None:
    chosen = options.parser().parse_args(["autopilot", "PHOTOS", "OUT", "--unsorted", "the rest"])
    assert options.chosen_settings(chosen, AutopilotSettings).unsorted == "the rest"
    with pytest.raises(BadSetting, match="expected a folder's name of at most 100 letters"):
        AutopilotSettings(unsorted="x" * 101)
    with pytest.raises(BadSetting, match="unsorted is None"):
        AutopilotSettings(unsorted=None)
    values = {"min_photos": 2, "unsorted": "the rest", "link": None}
    assert as_options(AutopilotSettings, values) == "--min-photos 2 --unsorted 'the rest'"
    assert as_options(AutopilotSettings, {"unsorted": ""}) == ""


@pytest.mark.parametrize("least", ["0", "-1", "x"])
def test_fewer_photos_than_one_are_none(least, capsys) -> None:
    with pytest.raises((SystemExit, BadSetting)):
        given(AutopilotSettings, f"--min-photos {least}")


def test_what_stands_after_two_dashes_is_no_option() -> None:
    chosen = options.parser().parse_args(["autopilot", "--", "--link", "OUT"])
    assert (chosen.photos, chosen.out, chosen.link) == ("--link", "OUT", None)


@pytest.mark.parametrize("text", ["9" * 400 + "GB", "1" + "0" * 19, "99999999TB"])
def test_a_size_that_no_disk_has_is_complained_of(text, capsys) -> None:
    with pytest.raises(SystemExit) as left:
        options.parser().parse_args(["store", "--keep", text])
    said = capsys.readouterr().err
    assert (left.value.code, said.count("\n")) == (2, 1)
    assert "more than any disk holds" in said


@pytest.mark.parametrize(
    ("given", "subject"),
    [
        (["autopilot", "P", "O"], "face"),
        (["autopilot", "P", "O", "--subject", "animal"], "animal"),
        (["autopilot", "--subject=animal", "P", "O"], "animal"),
        (["autopilot", "P", "--", "--subject=animal"], "face"),
        # What is wrong is said by the whole parser.
        (["autopilot", "P", "O", "--subject", "plant"], "face"),
        (["autopilot", "P", "O", "--subject"], "face"),
        (["--help"], "face"),
        (["match-catalogue", "P", "C", "O"], "thing"),
        (["match-catalogue", "P", "C", "O", "--subject", "face"], "face"),
        (["bench", "catalogue", "C"], "thing"),
        (["bench", "identify", "K"], "face"),
    ],
)
def test_the_subject_is_known_before_its_options_are(given, subject) -> None:
    assert options.subject_of(given) == subject


def test_each_subject_has_its_own_options() -> None:
    text = "P O --subject animal --min-animal 60 --detector whole"
    chosen = options.parser("animal").parse_args(["autopilot", *text.split()])
    found = options.chosen_settings(chosen, settings_for("autopilot", AnimalSettings))
    assert (found.min_size, found.detector, found.subject.name) == (60, "whole", "animal")
    with pytest.raises(SystemExit):
        options.parser("animal").parse_args(["autopilot", "P", "O", "--landmarks", "5"])


def test_a_subject_that_is_not_known_is_one_line(capsys) -> None:
    assert commands.main(["autopilot", "P", "O", "--subject", "plant"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "invalid choice: 'plant'" in said
    assert "animal" in said
