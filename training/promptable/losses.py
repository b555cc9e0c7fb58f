"""Losses of one batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .decoder import OUTSIDE
from .model import Promptable


def dense_loss(logits: Tensor, target: Tensor, weight: Tensor) -> dict[str, Tensor]:
    """objectness, foreground and boundary; all [B,3,G,G]."""
    bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight
    total = weight.sum((0, 2, 3)).clamp(min=1)
    heat = target[:, 0]
    p = torch.sigmoid(logits.detach()[:, 0])
    hard = 1 + 6 * heat + 2 * (p - heat).abs()
    objectness = (bce[:, 0] * hard).sum() / total[0]
    p = torch.sigmoid(logits[:, 1]) * weight[:, 1]
    t = target[:, 1] * weight[:, 1]
    dice = 1 - (2 * (p * t).sum() + 1) / ((p * p).sum() + (t * t).sum() + 1)
    return {
        "objectness": 2 * objectness,
        "foreground": bce[:, 1].sum() / total[1] + 0.5 * dice,
        "boundary": 0.5 * (bce[:, 2] * (1 + 2 * target[:, 2])).sum() / total[2],
    }


#: Rows of a window that are painted in training: one in EVERY.
EVERY = 2
#: Weights of the prompts' losses; the IoU head, taught anew when all else is done (quality.py), asks little here.
MASK, IOU = 1.5, 0.3


def cover(label: Tensor, origins: Tensor, owner: Tensor, ids: Tensor, stride: int, cells: int) -> Tensor:
    """How much of each cell of each painted row belongs to the prompted object: [P,N/EVERY,N], 0..1.

    label [B,S,S]; four px of a cell are looked at.
    """
    size = label.shape[-1]
    step = stride // 2
    steps = torch.arange(cells * 2) * step + step // 2
    x = origins[:, :1].long() + steps
    y = origins[:, 1:].long() + steps.reshape(-1, EVERY, 2)[:, 0].reshape(-1)
    flat = owner[:, None, None] * size * size + y.clamp(0, size - 1)[:, :, None] * size
    flat = flat + x.clamp(0, size - 1)[:, None, :]
    hit = label.reshape(-1)[flat] == ids[:, None, None]
    hit &= ((x >= 0) & (x < size))[:, None, :] & ((y >= 0) & (y < size))[:, :, None]
    hit &= (ids > 0)[:, None, None]
    return F.avg_pool2d(hit[:, None].float(), 2)[:, 0]


def empty_prompts(objectness: Tensor, background: Tensor, count: int, stride: int) -> tuple[Tensor, Tensor]:
    """Prompts where there is no object, half of them where the model believes in one.

    objectness logits [B,G,G], background bool [B,G,G]. Returns points [Q,2] px and owners [Q].
    """
    batch, grid, _ = objectness.shape
    noise = torch.rand(batch, grid * grid) * background.flatten(1)
    belief = torch.sigmoid(objectness.detach()).flatten(1) * (0.3 + noise) * background.flatten(1)
    hard = belief.topk(max(1, count // 2), dim=1).indices
    easy = noise.topk(count - hard.shape[1], dim=1).indices if count > hard.shape[1] else hard[:, :0]
    cells = torch.cat([hard, easy], 1)
    owner = torch.arange(batch)[:, None].expand_as(cells).reshape(-1)
    cells = cells.reshape(-1)
    keep = background.flatten(1)[owner, cells]
    x, y = cells % grid, torch.div(cells, grid, rounding_mode="floor")
    points = (torch.stack([x, y], 1).float() + 0.5) * stride
    return points[keep], owner[keep]


def mask_loss(windows: Tensor, target: Tensor) -> Tensor:
    """BCE over the window by the object's area, and Dice; windows and target [P,N,N]."""
    on = windows > OUTSIDE / 2
    bce = F.binary_cross_entropy_with_logits(windows, target, reduction="none") * on
    area = target.sum((1, 2))
    bce = bce.sum((1, 2)) / (area + 30 / EVERY)
    p = torch.sigmoid(windows)
    dice = 1 - (2 * (p * target).sum((1, 2)) + 1) / (p.sum((1, 2)) + area + 1)
    return (0.5 * bce.clamp(max=10) + dice).mean()


def true_iou(windows: Tensor, target: Tensor) -> Tensor:
    """IoU of each thresholded window with its target: [P]."""
    mask, truth = windows > 0, target > 0.5
    inter = (mask & truth).sum((1, 2)).float()
    union = (mask | truth).sum((1, 2)).float()
    return inter / union.clamp(min=1)


def batch_loss(model: Promptable, out: dict[str, Tensor], batch: dict[str, Tensor], empty: int) -> dict[str, Tensor]:
    """Every part of the loss of one batch, weighted; ``out`` is the encoder's (float32)."""
    c = model.config.decoder
    losses = dense_loss(out["dense"], batch["dense"], batch["weight"])
    extra, extra_owner = empty_prompts(out["dense"][:, 0], batch["background"], empty, c.stride)
    points = torch.cat([batch["points"], extra])
    owner = torch.cat([batch["owner"], extra_owner])
    none = torch.zeros(len(extra))
    boxes = torch.cat([batch["boxes"], none[:, None].expand(-1, 4)])
    has_box = torch.cat([batch["has_box"], none])
    ids = torch.cat([batch["ids"], none.long()])
    if len(points) == 0:
        return losses
    windows, origins, iou = model.decoder(out["embedding"], out["features"], points, boxes, has_box, owner, EVERY)
    windows = windows[:, 0]
    with torch.no_grad():
        target = cover(batch["label"], origins, owner, ids, c.stride, c.cells)
        truth = true_iou(windows, target)
        truth[ids == 0] = 0
    objects = ids > 0
    if objects.any():
        losses["mask"] = MASK * mask_loss(windows[objects], target[objects])
        losses["_iou"] = truth[objects].mean()
    losses["iou"] = IOU * F.binary_cross_entropy_with_logits(iou[:, 0], truth)
    return losses
