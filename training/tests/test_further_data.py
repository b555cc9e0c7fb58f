"""Making a set out of a checkout (one of our own): `python -m unittest discover tests` in training/."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from promptable.datasets import read_index, read_label
from promptable.further_data import LEAST_PX, SOURCES, make, one_piece
from promptable.regions import _several_in_one, patient

#: What may be trained on and shipped; NC, ND and SA may not.
FREE = ("CC0 1.0", "CC BY 3.0", "CC BY 4.0", "BSD-3-Clause", "MIT", "Apache-2.0")


class FurtherData(unittest.TestCase):
    def test_licences_allow_shipping(self) -> None:
        for source in SOURCES.values():
            self.assertIn(source.licence, FREE)
            self.assertEqual(len(source.commit), 40)

    def test_one_piece_keeps_the_largest_and_numbers_without_gaps(self) -> None:
        label = np.zeros((40, 60), np.uint16)
        label[2:12, 2:12] = 5
        label[30:32, 2:4] = 5  # a crumb of the same number
        label[2:12, 12:24] = 9  # touches number 5 and stays apart from it
        label[30:33, 30:33] = 7  # under LEAST_PX
        out = one_piece(label)
        self.assertLess(9, LEAST_PX)
        self.assertEqual(sorted(np.unique(out)), [0, 1, 2])
        self.assertEqual((int((out == 1).sum()), int((out == 2).sum())), (100, 120))

    def test_a_set_from_a_checkout(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder, out = Path(name) / "from", Path(name) / "out"
            organ = folder / "dataset" / "mouse spleen"
            (organ / "label masks modify").mkdir(parents=True)
            (organ / "tissue images").mkdir()
            label = np.zeros((32, 48), np.uint16)
            label[4:14, 4:14], label[4:14, 20:30] = 1, 300
            cv2.imwrite(str(organ / "label masks modify" / "mouse_spleen_01.tif"), label)
            with self.assertRaises(ValueError):  # its image is not there
                make("nuinsseg", folder, out)
            cv2.imwrite(str(organ / "tissue images" / "mouse_spleen_01.png"), np.full((32, 48, 3), 200, np.uint8))
            self.assertEqual(make("nuinsseg", folder, out), (1, 2))
            (row,) = read_index(out)
            self.assertEqual((row["organ"], row["instances"], row["mpp"]), ("mouse spleen", "2", "0.18"))
            self.assertEqual(read_label(out / row["label"]).max(), 2)
            self.assertIn("CC BY 4.0", (out / "LICENCE.md").read_text(encoding="utf-8"))

    def test_ebhi_is_stretched_back_its_lumens_filled_and_named_by_patient(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder, out = Path(name) / "from", Path(name) / "out"
            kind = folder / "EBHI-SEG" / "Low-grade IN"
            (kind / "label").mkdir(parents=True)
            (kind / "image").mkdir()
            mask = np.zeros((60, 60), np.uint8)
            mask[6:24, 6:24], mask[12:18, 12:18] = 255, 0  # a gland with its lumen left out
            mask[30:54, 30:54] = 255
            cv2.imwrite(str(kind / "label" / "GTGTxc99-1-400-002.png"), mask)
            cv2.imwrite(str(kind / "image" / "GTGTxc99-1-400-002.png"), np.full((60, 60, 3), 200, np.uint8))
            self.assertEqual(make("ebhi", folder, out), (1, 2))
            (row,) = read_index(out)
            self.assertEqual(row["image"], "images/GTXC99-1-400-002-Low-grade_IN.png")
            self.assertEqual((row["width"], row["height"], row["mpp"]), ("80", "60", "1.15"))
            label = read_label(out / row["label"])
            self.assertEqual(label.shape, (60, 80))
            self.assertEqual(int((label == 1).sum()), 18 * 24)
            self.assertEqual(patient(row["image"]), "GTXC99")

    def test_an_empty_checkout_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as name, self.assertRaises(ValueError):
            make("tnbc", Path(name), Path(name) / "out")

    def test_a_piece_that_is_most_likely_several_glands_is_known(self) -> None:
        label = np.zeros((60, 80), np.int32)
        label[5:15, 5:15] = 1
        label[20:24, 5:45], label[24:50, 5:9] = 2, 2  # an L: far from its hull
        self.assertEqual(_several_in_one(label).tolist(), [2])
        self.assertEqual(_several_in_one(np.ones((60, 80), np.int32)).tolist(), [1])


if __name__ == "__main__":
    unittest.main()
