"""What is asked of detectors, encoders and matchers."""

import pickle

import numpy as np
from toys import CARD, DotMatcher, HueEncoder, Squares, card, lamp

from toolkit.records import GENERIC_WORDS, Box, Detection, Mask, SubjectInfo
from toolkit.subjects.base import Remade, Subject, chips_of, describe, matcher_of, needs, painted


def test_a_detector_that_says_nothing_needs_no_room() -> None:
    class Large(Squares):
        def needs(self, width: int, height: int) -> int:
            return 10 * width * height

    assert needs(Squares(), 300, 200) == 0
    assert needs(Large(), 300, 200) == 600_000


def test_only_what_compares_pairs_is_a_matcher() -> None:
    matcher = DotMatcher()
    assert matcher_of(matcher) is matcher
    assert matcher_of(HueEncoder()) is None


def test_an_encoder_describes_by_vectors_alone() -> None:
    chips = np.stack([lamp("red", 1.0, 0), lamp("blue", 1.0, 1)])
    rows, features, worth = describe(HueEncoder(), chips)
    assert worth.tolist() == [1.0, 1.0]
    np.testing.assert_array_equal(rows, HueEncoder().encode(chips))
    assert features == ()


def test_a_matcher_describes_by_features_beside_vectors_without_numbers() -> None:
    chips = np.stack([card(7, 0, 0), card(11, 0, 1)])
    rows, features, worth = describe(DotMatcher(), chips)
    assert worth.tolist() == [1.0, 1.0]
    assert (rows.shape, rows.dtype) == ((2, 0), np.float32)
    assert [sorted(each) for each in features] == [["dots"], ["dots"]]


def test_what_all_else_knows_of_a_subject_is_in_its_info() -> None:
    cards = Subject("card", Squares(), DotMatcher(), CARD.words, exclusive_in_photo=False)
    assert cards.info == CARD
    plain = Subject("thing", Squares(), HueEncoder())
    assert plain.info == SubjectInfo("thing", GENERIC_WORDS, True)


def test_masks_reach_only_an_encoder_that_goes_by_them() -> None:
    class Marking(HueEncoder):
        def outline(self, image, box):
            return None

        def chips(self, image, boxes, masks=None):
            self.asked = masks
            return super().chips(image, boxes)

    image = np.full((64, 128, 3), 90, np.uint8)
    plain, mask = Detection(Box(0, 0, 64, 64), 1.0), Mask(1, 1, (0, 1))
    marked = Detection(Box(64, 0, 128, 64), 1.0, mask=mask)
    encoder = Marking()
    assert chips_of(HueEncoder(), image, [plain, marked]).shape == (2, 64, 64, 3)
    chips_of(encoder, image, [plain])
    assert encoder.asked is None
    chips_of(encoder, image, [plain, marked])
    assert encoder.asked == [None, mask]


def test_a_detector_that_knows_of_no_masks_has_none(tmp_path) -> None:
    assert painted(Squares(), tmp_path / "a.png", "12") is None


class Costly(Remade):
    """Has something that no other process could get."""

    made = 0

    def __init__(self, size: int, *, name: str = "") -> None:
        Costly.made += 1
        self.size, self.name = size, name
        self.network = lambda: size


def test_what_holds_a_network_is_sent_as_what_it_was_made_of() -> None:
    before = Costly.made
    one = Costly(3, name="three")
    other = pickle.loads(pickle.dumps(one))
    assert (other.size, other.name, other.network()) == (3, "three", 3)
    assert Costly.made == before + 2
