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

    def test_an_empty_checkout_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as name, self.assertRaises(ValueError):
            make("tnbc", Path(name), Path(name) / "out")


if __name__ == "__main__":
    unittest.main()
