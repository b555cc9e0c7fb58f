"""Checks that need no data: run with `python -m unittest discover tests` in training/."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from promptable.automatic import Mask, peaks, suppress
from promptable.datasets import guard
from promptable.decoder import OUTSIDE, SNAP, Decoder, DecoderConfig
from promptable.metrics import figures


class Windows(unittest.TestCase):
    """The gather inside the decoder against plain slicing."""

    def test_gather_is_slicing(self) -> None:
        config = DecoderConfig()
        decoder = Decoder(config).eval()
        maps = torch.randn(1, config.features, 80, 96)
        for column, row in ((-2, -17), (0, 0), (3, 40), (1, 62)):
            y = torch.arange(row, row + config.cells)[None]
            got = decoder._gather(maps, torch.tensor([column]), y, None)
            got = got.reshape(config.features, config.cells, config.cells)
            for i in range(0, config.cells, 7):
                for j in range(0, config.cells, 5):
                    r, c = row + i, column * SNAP + j
                    if 0 <= r < 80 and 0 <= c < 96:
                        self.assertTrue(torch.equal(got[:, i, j], maps[0, :, r, c]))

    def test_prompt_lies_in_its_window_and_outside_is_blank(self) -> None:
        config = DecoderConfig()
        decoder = Decoder(config).eval()
        embedding, features = torch.randn(1, 64, 40, 48), torch.randn(1, 16, 80, 96)
        points = torch.tensor([[0.5, 0.5], [191.9, 159.9], [96.3, 80.7], [13.0, 150.0]])
        with torch.no_grad():
            windows, origins, iou = decoder(embedding, features, points, torch.zeros(4, 4), torch.zeros(4))
        extent = config.cells * config.stride
        self.assertTrue(((points >= origins) & (points < origins + extent)).all())
        self.assertTrue(torch.equal(origins % config.stride, torch.zeros_like(origins)))
        self.assertEqual(iou.shape, (4, 1))
        x = origins[:, :1] + torch.arange(config.cells) * config.stride
        y = origins[:, 1:] + torch.arange(config.cells) * config.stride
        outside = ((x < 0) | (x >= 192))[:, None, :] | ((y < 0) | (y >= 160))[:, :, None]
        self.assertTrue((windows[:, 0][outside] == OUTSIDE).all())
        self.assertTrue((windows[:, 0][~outside] != OUTSIDE).all())

    def test_position_is_about_the_prompt(self) -> None:
        """A decoder fed constant maps paints the same shape round any prompt, wherever the window begins."""
        config = DecoderConfig()
        torch.manual_seed(3)
        decoder = Decoder(config).eval()
        with torch.no_grad():
            # Blind the prompt network to where in the window the prompt lies: only the quadratic may matter.
            decoder.prompt[0].weight[:, -2:] = 0
            maps = torch.ones(1, 64, 64, 64), torch.ones(1, 16, 128, 128)
            points = torch.tensor([[128.0, 128.0], [142.0, 120.0]])
            windows, origins, _ = decoder(*maps, points, torch.zeros(2, 4), torch.zeros(2))
        shift = ((points - origins) / config.stride).long()
        a = windows[0, 0][shift[0, 1] - 20 : shift[0, 1] + 20, shift[0, 0] - 20 : shift[0, 0] + 20]
        b = windows[1, 0][shift[1, 1] - 20 : shift[1, 1] + 20, shift[1, 0] - 20 : shift[1, 0] + 20]
        self.assertTrue(torch.allclose(a, b, atol=1e-4))


class Automatic(unittest.TestCase):
    def test_peaks_break_ties_in_raster_order(self) -> None:
        field = np.zeros((20, 20), np.float32)
        field[5, 5] = field[5, 6] = 0.9
        field[15, 15] = 0.8
        field[10, 2] = 0.3
        self.assertEqual(peaks(field, 0.4, 6.0, 2).tolist(), [[11.0, 11.0], [31.0, 31.0]])

    def test_peaks_radius_is_a_closed_disc_of_px(self) -> None:
        field = np.zeros((20, 20), np.float32)
        field[5, 5], field[5, 8] = 0.9, 0.8  # 6 px apart
        self.assertEqual(len(peaks(field, 0.4, 6.0, 2)), 1)
        self.assertEqual(len(peaks(field, 0.4, 5.9, 2)), 2)

    def test_suppression(self) -> None:
        square = np.ones((10, 10), bool)
        masks = [
            Mask(0, 0, square, 0.9, 0),
            Mask(3, 0, square, 0.8, 1),  # 70 % taken: dropped
            Mask(6, 0, square, 0.7, 2),  # 40 % taken, IoU .25: kept, less what is taken
            Mask(7, 0, square, 0.6, 3),  # IoU .82 with the third as decoded: dropped
        ]
        label = suppress(masks, 12, 20, 0.3)
        self.assertEqual(np.bincount(label.ravel())[1:].tolist(), [100, 60])


class Figures(unittest.TestCase):
    def test_by_hand(self) -> None:
        truth = np.zeros((10, 20), int)
        truth[:, :5], truth[:5, 10:15] = 1, 2
        predicted = np.zeros((10, 20), int)
        predicted[:, :4], predicted[5:, 16:] = 7, 9
        got = figures(truth, predicted)
        self.assertAlmostEqual(got["aji"], 40 / (50 + 25 + 20))
        self.assertAlmostEqual(got["f1"], 0.5)
        self.assertAlmostEqual(got["pq"], 0.8 * 0.5)
        self.assertAlmostEqual(got["dice"], 2 * 40 / (75 + 60))


class Guard(unittest.TestCase):
    def test_test_data_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            guard(Path("/data/test/nuclei-anything"))


if __name__ == "__main__":
    unittest.main()
