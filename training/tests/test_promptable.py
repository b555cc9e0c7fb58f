"""Checks that need no data: run with `python -m unittest discover tests` in training/."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from promptable.augment import CropConfig, draw, glass
from promptable.automatic import AutoConfig, Mask, peaks, suppress, unclaimed
from promptable.batches import BatchConfig, Batches
from promptable.datasets import Sample, guard
from promptable.decoder import OUTSIDE, SNAP, Decoder, DecoderConfig
from promptable.encoder import EncoderConfig
from promptable.heads import Standard
from promptable.metrics import figures
from promptable.model import ModelConfig, Promptable, grow
from promptable.optimisers import OPTIMISERS, Muon, orthogonal
from promptable.prompted import overlap
from promptable.quality import collect, teach
from promptable.restore import as_shipped
from promptable.soup import mean_of


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

    def test_what_no_mask_claims(self) -> None:
        field = np.full((5, 6), 0.9, np.float32)
        field[0, 5] = 0.3
        # The mask's last px lies in cell (4, 0).
        left = unclaimed(field, [Mask(0, 7, np.ones((2, 1), bool), 0.9, 0)], 2, 0.5)
        self.assertEqual(
            (left > 0).astype(int).tolist(),
            [[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1]],
        )

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
        # Of a second look the best comes last: nine tenths of it are taken by then.
        masks = [Mask(0, 0, square, 0.5, 0), Mask(1, 0, square, 0.9, 1, look=1)]
        label = suppress(masks, 12, 20, 1.0)
        self.assertEqual((np.bincount(label.ravel())[1:].tolist(), label[0, 0]), ([100], 1))


class Growing(unittest.TestCase):
    """More residual blocks than a checkpoint has: they begin as the identity."""

    def setUp(self) -> None:
        torch.manual_seed(5)
        self.small = Promptable(self.shape((1, 2, 1))).eval()

    @staticmethod
    def shape(blocks: tuple[int, int, int], fused: tuple[int, int] = (0, 0)) -> ModelConfig:
        return ModelConfig(EncoderConfig(widths=(4, 6, 8, 8), blocks=blocks, fused_blocks=fused), DecoderConfig())

    def test_answers_stay_and_do_not_depend_on_the_seed(self) -> None:
        image = torch.randn(1, 3, 64, 96)
        with torch.no_grad():
            want = self.small.encoder(image)
        grown = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            large = Promptable(self.shape((1, 3, 3), (1, 0))).eval()
            names = grow(large, self.small.state_dict())
            expected = ["down8.2", "down16.1", "down16.2", "refine4.0"]
            self.assertEqual(names, [f"encoder.{name}" for name in expected])
            with torch.no_grad():
                got = large.encoder(image)
            for name, value in want.items():
                self.assertTrue(torch.equal(got[name], value), name)
            grown.append(large.state_dict())
        self.assertTrue(all(torch.equal(grown[0][key], grown[1][key]) for key in grown[0]))
        with self.assertRaisesRegex(KeyError, "fewer blocks"):
            grow(Promptable(self.shape((1, 1, 1))), self.small.state_dict())
        lacking = {key: v for key, v in self.small.state_dict().items() if not key.startswith("encoder.down8.0.")}
        with self.assertRaisesRegex(KeyError, "fewer blocks"):
            grow(Promptable(self.shape((1, 2, 1))), lacking)

    def test_the_shipped_number_of_blocks_is_read_from_the_names(self) -> None:
        for fused in ((0, 0), (2, 1)):
            shape = self.shape((1, 2, 1), fused)
            names = [name for name, _ in Promptable(shape).encoder.named_modules()]
            self.assertEqual(as_shipped(self.shape((9, 9, 9), (9, 9)), names), shape)


class Soup(unittest.TestCase):
    def test_the_mean_of_two_checkpoints_of_their_own_shape(self) -> None:
        models = [Promptable(Growing.shape((1, 2, 1))) for _ in range(2)]
        states = [{"config": m.config.as_dict(), "ema": m.state_dict()} for m in models]
        mean = mean_of(states).state_dict()
        name = "encoder.down8.1.first.0.weight"
        a, b = (state["ema"][name] for state in states)
        self.assertTrue(torch.allclose(mean[name], (a + b) / 2))
        other = Promptable(Growing.shape((1, 1, 1)))
        with self.assertRaisesRegex(ValueError, "different architectures"):
            mean_of([states[0], {"config": other.config.as_dict(), "ema": other.state_dict()}])


class Optimising(unittest.TestCase):
    def test_orthogonal_brings_singular_values_near_one(self) -> None:
        torch.manual_seed(1)
        for shape in ((16, 144), (32, 8)):
            values = torch.linalg.svdvals(orthogonal(torch.randn(shape) @ torch.diag(torch.rand(shape[1]) + 0.05)))
            self.assertTrue(bool(((values > 0.3) & (values < 1.4)).all()), values)
        self.assertTrue(torch.equal(orthogonal(torch.zeros(4, 9)), torch.zeros(4, 9)))

    @staticmethod
    def _run(make: Callable[[Promptable], torch.optim.Optimizer], pause: bool = False) -> dict[str, torch.Tensor]:
        torch.manual_seed(2)
        model = Promptable(Growing.shape((1, 1, 1)))
        optimiser = make(model)
        for step in range(4):
            if pause and step == 2:
                state = optimiser.state_dict()
                optimiser = make(model)
                optimiser.load_state_dict(state)
            generator = torch.Generator().manual_seed(step)
            for parameter in model.parameters():
                parameter.grad = torch.randn(parameter.shape, generator=generator)
            optimiser.step()
        return model.state_dict()

    def test_muon_goes_on_from_its_state(self) -> None:
        whole = self._run(lambda model: Muon(model, 1e-3))
        paused = self._run(lambda model: Muon(model, 1e-3), pause=True)
        self.assertTrue(all(torch.equal(whole[key], paused[key]) for key in whole))

    def test_muon_is_adamw_but_for_the_filters_of_the_encoder(self) -> None:
        ours = self._run(lambda model: Muon(model, 1e-3, bfloat16=False))
        plain = self._run(lambda model: OPTIMISERS["adamw"](model, 1e-3, False))
        for name in ("decoder.weights.weight", "encoder.up8.weight", "encoder.stem.1.bias"):
            self.assertTrue(torch.allclose(ours[name], plain[name], atol=1e-6), name)
        for name in ("encoder.stem.0.weight", "encoder.down8.0.first.0.weight"):
            self.assertFalse(torch.allclose(ours[name], plain[name], atol=1e-6), name)

    def test_muon_is_that_of_torch_on_flattened_filters(self) -> None:
        ours = self._run(lambda model: Muon(model, 1e-3))
        torch.manual_seed(2)
        name = "encoder.down8.0.first.0.weight"
        model = Promptable(Growing.shape((1, 1, 1)))
        start = dict(model.named_parameters())[name]
        flat = torch.nn.Parameter(start.detach().flatten(1).clone())
        theirs = torch.optim.Muon([flat], lr=1e-3, weight_decay=0.02, adjust_lr_fn="match_rms_adamw")
        for step in range(4):
            generator = torch.Generator().manual_seed(step)
            grads = {n: torch.randn(p.shape, generator=generator) for n, p in model.named_parameters()}
            flat.grad = grads[name].flatten(1)
            theirs.step()
        self.assertTrue(torch.allclose(ours[name].flatten(1), flat, atol=1e-6))


class Colours(unittest.TestCase):
    def test_changes_are_as_likely_as_the_strength_says(self) -> None:
        rng = np.random.default_rng(1)
        image = rng.integers(60, 250, (48, 48, 3)).astype(np.uint8)
        targets = np.array([[[0.5, 0.8, 0.4], [0.2, 0.3, 0.2]]], np.float32)
        sample = Sample("a", "b", image, np.zeros((48, 48), np.int32))
        plain = CropConfig(size=48, strength=0.0, scale_spread=0.0)

        def changed(strength: float) -> float:
            count = 0
            for seed in range(200):
                crops = []
                for config in (plain, replace(plain, strength=strength)):
                    crops.append(draw(sample, config, np.random.default_rng(seed), targets).image.astype(int))
                count += int(np.abs(crops[0] - crops[1]).mean() > 2)
            return count / 200

        none, half, whole = (changed(strength) for strength in (0.0, 0.5, 1.0))
        self.assertEqual(none, 0.0)
        self.assertTrue(0.4 < half < whole - 0.1, (half, whole))
        self.assertGreater(whole, 0.8)

    def test_glass_ends_objects_and_leaves_the_rest(self) -> None:
        rng = np.random.default_rng(4)
        image = np.full((96, 96, 3), 120, np.uint8)
        label = np.full((96, 96), 7, np.int32)
        for _ in range(20):
            out, left = glass(image, label, rng)
            bare = left == 0
            self.assertTrue(0.08 < bare.mean() < 0.62, bare.mean())
            self.assertEqual(set(np.unique(left)), {0, 7})
            deep = cv2.erode(bare.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
            far = cv2.dilate(bare.astype(np.uint8), np.ones((11, 11), np.uint8)) == 0
            self.assertGreater(int(out[deep].min(initial=255)), 215)
            self.assertTrue((out[far] == 120).all())

    def test_a_batch_is_calm_from_its_step_on(self) -> None:
        image = np.random.default_rng(3).integers(60, 250, (64, 64, 3)).astype(np.uint8)
        label = np.zeros((64, 64), np.int32)
        label[10:40, 10:40] = 1
        crop = CropConfig(size=64)
        config = BatchConfig(batch=1, crop=crop, shares={"b": 1.0}, calm_from=3, calm=0.0)
        calm = Batches([Sample("a", "b", image, label)], config, 6)
        never = Batches([Sample("a", "b", image, label)], replace(config, calm_from=None), 6)
        same = [torch.equal(calm[step]["image"], never[step]["image"]) for step in range(6)]
        self.assertEqual(same[:3], [True] * 3)
        self.assertFalse(all(same[3:]))


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


class Heads(unittest.TestCase):
    """What is taught last, on frozen weights."""

    def test_a_folded_head_reads_raw_numbers(self) -> None:
        torch.manual_seed(4)
        head = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 1))
        x = torch.randn(50, 6) * torch.tensor([1.0, 9.0, 0.1, 3.0, 70.0, 1.0]) + 12
        standard = Standard.of(x)
        with torch.no_grad():
            before = head(standard(x))
            standard.fold(head)
            self.assertTrue(torch.allclose(head(x), before, atol=1e-4))

    def test_overlap_is_counting(self) -> None:
        rng = np.random.default_rng(5)
        label = (rng.random((30, 40)) > 0.5).astype(np.int32) * 3
        bits = rng.random((12, 9)) > 0.4
        whole = np.zeros(label.shape, bool)
        whole[7:19, 20:29] = bits
        met = overlap(Mask(20, 7, bits, 0.0, 0), label, 3)
        truth = label == 3
        self.assertAlmostEqual(met.iou, (whole & truth).sum() / (whole | truth).sum())
        self.assertAlmostEqual(met.dice, 2 * (whole & truth).sum() / (whole.sum() + truth.sum()))
        self.assertEqual(overlap(None, label, 3).iou, 0.0)

    def test_only_the_iou_head_is_taught(self) -> None:
        """Every object is asked for by centroid, pixel and box; no other weight moves, and the head learns."""
        torch.manual_seed(6)
        model = Promptable(ModelConfig(EncoderConfig(widths=(4, 6, 8, 8)), DecoderConfig())).eval()
        image = np.random.default_rng(7).integers(0, 255, (96, 128, 3), np.uint8)
        label = np.zeros((96, 128), np.int32)
        label[10:40, 12:44], label[50:80, 70:110] = 1, 2
        with torch.no_grad():
            x, y, weight = collect(model, [Sample("a", "s", image, label)], AutoConfig(), False)
        self.assertGreaterEqual(len(y), 2 * 3 + 1)
        self.assertEqual((len(x), len(weight)), (len(y), len(y)))
        self.assertAlmostEqual(float(weight.sum()), len(y), places=3)
        self.assertFalse(model.decoder.quality._forward_pre_hooks)
        before = {k: v.clone() for k, v in model.state_dict().items()}
        x = np.random.default_rng(8).normal(3, 2, (400, x.shape[1])).astype(np.float32)
        truth = torch.sigmoid(torch.from_numpy(x[:, 0] - 3))
        teach(model.decoder.quality, torch.from_numpy(x), truth, torch.ones(400), 1, steps=400)
        for key, value in model.state_dict().items():
            if not key.startswith("decoder.quality."):
                self.assertTrue(torch.equal(value, before[key]), key)
        with torch.no_grad():
            said = torch.sigmoid(model.decoder.quality(torch.from_numpy(x)))[:, 0]
        self.assertLess(float((said - truth).abs().mean()), 0.1)


if __name__ == "__main__":
    unittest.main()
