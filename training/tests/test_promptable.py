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
from promptable.encoder import EncoderConfig
from promptable.metrics import figures
from promptable.model import ModelConfig, Promptable, grow
from promptable.muon import Muon, is_filter, orthogonal
from promptable.restore import as_shipped
from promptable.stain import recolour


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


class Growing(unittest.TestCase):
    """More residual blocks than a checkpoint has: they begin as the identity."""

    def setUp(self) -> None:
        torch.manual_seed(5)
        self.small = Promptable(self._shape((1, 2, 1))).eval()

    @staticmethod
    def _shape(blocks: tuple[int, int, int]) -> ModelConfig:
        return ModelConfig(EncoderConfig(widths=(4, 6, 8, 8), blocks=blocks), DecoderConfig())

    def test_answers_stay_and_do_not_depend_on_the_seed(self) -> None:
        image = torch.randn(1, 3, 64, 96)
        with torch.no_grad():
            want = self.small.encoder(image)
        grown = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            large = Promptable(self._shape((1, 3, 3))).eval()
            names = grow(large, self.small.state_dict())
            self.assertEqual(names, ["encoder.down8.2", "encoder.down16.1", "encoder.down16.2"])
            with torch.no_grad():
                got = large.encoder(image)
            for name, value in want.items():
                self.assertTrue(torch.equal(got[name], value), name)
            grown.append(large.state_dict())
        self.assertTrue(all(torch.equal(grown[0][key], grown[1][key]) for key in grown[0]))
        with self.assertRaisesRegex(KeyError, "fewer blocks"):
            grow(Promptable(self._shape((1, 1, 1))), self.small.state_dict())

    def test_the_shipped_number_of_blocks_is_read_from_the_names(self) -> None:
        names = [name for name, _ in self.small.encoder.named_modules()]
        self.assertEqual(as_shipped(self._shape((9, 9, 9)), names).encoder.blocks, (1, 2, 1))


class Optimising(unittest.TestCase):
    def test_orthogonal_brings_singular_values_near_one(self) -> None:
        torch.manual_seed(1)
        for shape in ((16, 144), (32, 8)):
            values = torch.linalg.svdvals(orthogonal(torch.randn(shape) @ torch.diag(torch.rand(shape[1]) + 0.05)))
            self.assertTrue(bool(((values > 0.3) & (values < 1.4)).all()), values)
        self.assertTrue(torch.equal(orthogonal(torch.zeros(4, 9)), torch.zeros(4, 9)))

    def test_muon_goes_on_from_its_state_and_touches_filters_alone(self) -> None:
        def run(pause: bool) -> dict[str, torch.Tensor]:
            torch.manual_seed(2)
            model = Promptable(Growing._shape((1, 1, 1)))
            optimiser = Muon(model, 1e-3, 0.02)
            for step in range(4):
                if pause and step == 2:
                    state = optimiser.state_dict()
                    optimiser = Muon(model, 1e-3, 0.02)
                    optimiser.load_state_dict(state)
                generator = torch.Generator().manual_seed(step)
                for parameter in model.parameters():
                    parameter.grad = torch.randn(parameter.shape, generator=generator)
                optimiser.step()
            filters = [p for n, p in model.named_parameters() if is_filter(n, p)]
            self.assertEqual(optimiser.param_groups[0]["params"], filters)
            return model.state_dict()

        whole, paused = run(False), run(True)
        self.assertTrue(all(torch.equal(whole[key], paused[key]) for key in whole))


class Colours(unittest.TestCase):
    def test_no_strength_changes_no_colour(self) -> None:
        image = np.random.default_rng(1).integers(1, 255, (32, 32, 3)).astype(np.uint8)
        rng = np.random.default_rng(2)
        for _ in range(20):
            changed = recolour(image, rng, np.zeros((0, 2, 3), np.float32), 0.0)
            self.assertLessEqual(int(np.abs(changed.astype(int) - image).max()), 1)


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
