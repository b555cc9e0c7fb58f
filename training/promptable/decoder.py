"""The prompt decoder: a prompt makes the weights of a tiny network that paints its mask.

Frames: "patch px" are pixels of the encoder's input; a "cell" is one element of the mask
features, ``stride`` px wide; A window of ``cells`` x ``cells`` cells is laid
round the prompt, its corner on a multiple of ``SNAP`` cells, so that gathering copies whole runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

#: Windows start on multiples of this many cells.
SNAP = 16
#: Where the class head looks besides the prompt itself, px from it.
AROUND = ((-14.0, 0.0), (14.0, 0.0), (0.0, -14.0), (0.0, 14.0))
#: Logit of cells outside the image.
OUTSIDE = -30.0


@dataclass(frozen=True)
class DecoderConfig:
    """Sizes of the decoder. ``cells`` is a multiple of 16."""

    embedding: int = 64
    features: int = 16
    stride: int = 2
    cells: int = 64
    hidden: tuple[int, int] = (8, 8)
    mlp: int = 128
    #: Classes a prompted object is told apart as; 0 for none. Their head is trained last, on frozen weights.
    classes: int = 0

    @property
    def sizes(self) -> list[int]:
        """Lengths of the generated parts: layer 1, position, layer 2, layer 3 and its bias."""
        h1, h2 = self.hidden
        return [h1 * self.features, h2 * 6, h2 * h1, h2, 1]


class Decoder(nn.Module):
    """Prompts to windows of mask logits, their origins and predicted IoUs."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        inputs = config.embedding + config.features + 5
        self.prompt = nn.Sequential(
            nn.Linear(inputs, config.mlp), nn.ReLU(), nn.Linear(config.mlp, config.mlp), nn.ReLU()
        )
        self.weights = nn.Linear(config.mlp, sum(config.sizes))
        self.quality = nn.Sequential(
            nn.Linear(config.mlp + config.features + 5, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
        )
        if config.classes:
            self.kind = nn.Sequential(nn.Linear(self.told_size(config), 64), nn.ReLU(), nn.Linear(64, config.classes))
        self._start()
        half = config.cells / 2
        axis = (torch.arange(config.cells) + 0.5 - half) / half
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        grid = torch.stack([x, y, x * x, y * y, x * y, torch.ones_like(x)])  # [6,N,N]
        self.register_buffer("grid", grid.flatten(1), persistent=False)  # [6,N*N]
        self.register_buffer("cell_steps", torch.arange(config.cells), persistent=False)
        self.register_buffer("run_steps", torch.arange(config.cells // SNAP), persistent=False)
        self.register_buffer("channel_steps", torch.arange(config.features), persistent=False)

    @staticmethod
    def told_size(config: DecoderConfig) -> int:
        """How many numbers ``answer`` says of a prompted object."""
        return config.mlp + config.features + 5 + config.embedding * (1 + len(AROUND))

    def _start(self) -> None:
        """A learned base in the bias, and a generator that starts near zero."""
        nn.init.normal_(self.weights.weight, std=0.01)
        h1, h2 = self.config.hidden
        scale = [self.config.features**-0.5, 0.5, h1**-0.5, h2**-0.5, 0.0]
        with torch.no_grad():
            at = 0
            for size, std in zip(self.config.sizes, scale, strict=True):
                self.weights.bias[at : at + size] = torch.randn(size) * std
                at += size

    def forward(
        self,
        embedding: Tensor,
        features: Tensor,
        points: Tensor,
        boxes: Tensor,
        has_box: Tensor,
        image: Tensor | None = None,
        every: int = 1,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Decode P prompts, without what ``answer`` says of their objects."""
        return self.answer(embedding, features, points, boxes, has_box, image, every)[:3]

    def answer(
        self,
        embedding: Tensor,
        features: Tensor,
        points: Tensor,
        boxes: Tensor,
        has_box: Tensor,
        image: Tensor | None = None,
        every: int = 1,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Decode P prompts.

        embedding [B,C,H/4,W/4], features [B,F,H/s,W/s], points [P,2] patch px (x,y), boxes [P,4]
        patch px (x0,y0,x1,y1), has_box [P], image [P] index of each prompt's image (None: B = 1).
        ``every`` = 2 paints every other row only, for quicker training.
        Returns windows [P,1,N/every,N] logits, origins [P,2] patch px, iou logits [P,1], and what a class
        head reads [P,T]: the prompt's code, the mask's summary, and the embedding at the prompt and round it
        (empty for a model without classes).
        """
        c = self.config
        n, s = c.cells, c.stride
        rows, columns = features.shape[2], features.shape[3]
        if not torch.jit.is_tracing() and columns % SNAP:
            raise ValueError(f"{columns} columns of cells: the image's width must be a multiple of {SNAP * s} px")

        # The window's first cell: a multiple of SNAP cells, so that whole runs of SNAP cells are copied.
        first = torch.floor((points / s - n / 2) / SNAP + 0.5)  # [P,2] in runs
        last_x, last_y = (columns - n // 2) // SNAP, (rows - n // 2) // SNAP
        first_x = first[:, 0].long().clamp(-(n // 2 // SNAP), last_x)
        first_y = first[:, 1].long().clamp(-(n // 2 // SNAP), last_y)
        origins = torch.stack([first_x, first_y], 1).float() * (SNAP * s)
        x = first_x[:, None] * SNAP + self.cell_steps  # [P,N] column of each cell
        y = first_y[:, None] * SNAP + self.cell_steps[::every]
        inside_x = (x >= 0) & (x < columns)
        inside_y = (y >= 0) & (y < rows)
        window = self._gather(features, first_x, y, image)  # [P,F,N*N]

        # What the prompt knows: the embedding and the feature under it, its box, its place in the window.
        at4 = _sample(embedding, points / 4, image)
        at_s = _sample(features, points / s, image)
        size = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1.0)
        log_size = torch.log(size / (s * 12.0)) * has_box[:, None]
        offset = (points - origins) / (s * n / 2) - 1.0  # [P,2], the prompt from the window's centre
        known = torch.cat([at4, at_s, log_size, has_box[:, None], offset], 1)
        code = self.prompt(known)
        parts = torch.split(self.weights(code), c.sizes, dim=1)

        # Three 1x1 convolutions with those weights; position joins as a quadratic about the prompt.
        h1, h2 = c.hidden
        place = _about(parts[1].reshape(-1, h2, 6), offset)  # [P,h2,6]
        grid = self.grid if every == 1 else self.grid.reshape(6, n, n)[:, ::every].flatten(1)
        place = torch.matmul(place.reshape(-1, 6), grid).reshape(-1, h2, n * n // every)
        hidden = torch.relu(torch.matmul(parts[0].reshape(-1, h1, c.features), window))
        hidden = torch.relu(torch.matmul(parts[2].reshape(-1, h2, h1), hidden) + place)
        logits = torch.matmul(parts[3].reshape(-1, 1, h2), hidden) + parts[4].reshape(-1, 1, 1)
        logits = logits.reshape(-1, n // every, n)
        inside = inside_y[:, :, None] & inside_x[:, None, :]
        logits = torch.where(inside, logits, torch.full_like(logits, OUTSIDE))

        summary = torch.cat([code, self._summary(logits, window, every)], 1)
        iou = self.quality(summary)
        told = summary[:, :0]
        if c.classes:
            round_it = [_sample(embedding, (points + points.new_tensor(step)) / 4, image) for step in AROUND]
            told = torch.cat([summary, at4, *round_it], 1)
        return logits[:, None], origins, iou, told

    def _gather(self, features: Tensor, first_x: Tensor, y: Tensor, image: Tensor | None) -> Tensor:
        """Mask features of every window, [P,F,N*N], copied in runs of SNAP cells.

        first_x [P] is each window's first run, y [P,N] the row of each of its cells. Outside the image
        the nearest run or row stands in; such cells are blanked later.
        """
        c = self.config
        rows, columns = features.shape[2], features.shape[3]
        runs = columns // SNAP
        row = y.clamp(0, rows - 1) * runs  # [P,N]
        run = (first_x[:, None] + self.run_steps).clamp(0, runs - 1)  # [P,N/SNAP]
        index = row[:, None, :, None] + run[:, None, None, :]  # [P,1,N,N/SNAP]
        index = index + (self.channel_steps * (rows * runs))[:, None, None]  # [P,F,N,N/SNAP]
        if image is not None:
            index = index + (image * (c.features * rows * runs))[:, None, None, None]
        table = features.reshape(-1, SNAP)
        runs_of = torch.index_select(table, 0, index.reshape(-1))
        return runs_of.reshape(-1, c.features, y.shape[1] * c.cells)

    def _summary(self, logits: Tensor, window: Tensor, every: int) -> Tensor:
        """What the mask says of its own quality: [P,F+5].

        The features' mean inside it, its area, its steadiness under a shifted threshold, how sure
        it is inside, how much of it is undecided, and its highest logit.
        """
        flat = logits.flatten(1)  # [P,N*N]
        p = torch.sigmoid(flat)
        area = every * p.sum(1, keepdim=True) + 1.0
        mean = every * torch.matmul(window, p[:, :, None]).squeeze(2) / area
        low = every * torch.sigmoid(4 * (flat + 1)).sum(1, keepdim=True) + 1.0
        high = every * torch.sigmoid(4 * (flat - 1)).sum(1, keepdim=True) + 1.0
        sure = every * (p * p).sum(1, keepdim=True) / area
        top = flat.amax(1, keepdim=True).clamp(-8, 8) / 8
        return torch.cat([mean, torch.log(area) / 4, high / low, sure, torch.log(low / area), top], 1)


def _about(weights: Tensor, offset: Tensor) -> Tensor:
    """Coefficients about the prompt to coefficients about the window's centre.

    weights [P,h,6] of (x, y, x², y², xy, 1) in coordinates relative to the prompt at ``offset`` [P,2].
    """
    ox, oy = offset[:, None, 0], offset[:, None, 1]
    a, b, c, d, e, f = weights.unbind(2)
    c, d, e = 4 * c, 4 * d, 4 * e
    return torch.stack(
        [
            a - 2 * c * ox - e * oy,
            b - 2 * d * oy - e * ox,
            c,
            d,
            e,
            f - a * ox - b * oy + c * ox * ox + d * oy * oy + e * ox * oy,
        ],
        2,
    )


def _sample(maps: Tensor, points: Tensor, image: Tensor | None) -> Tensor:
    """The cell of maps [B,C,h,w] under each point [P,2] (in cells): [P,C]."""
    batch, channels, height, width = maps.shape
    x = torch.floor(points[:, 0]).long().clamp(0, width - 1)
    y = torch.floor(points[:, 1]).long().clamp(0, height - 1)
    index = y * width + x
    if image is None:
        return maps.reshape(channels, -1)[:, index].transpose(0, 1)
    return maps.flatten(2)[image, :, index]
