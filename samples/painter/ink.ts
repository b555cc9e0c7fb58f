import type { Canvas } from "./canvas.ts";
import { bell, clamp, mix, smoothstep } from "./math.ts";
import { Noise } from "./noise.ts";
import { hash, hashUnit } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import { radial } from "./shape.ts";
import type { VisibleNucleus } from "./visible.ts";

/** Paints nuclei: soft edge, membrane, chromatin, nucleoli. */
export class NucleusPainter {
  readonly #chromatin: Noise;

  constructor(recipe: Recipe) {
    this.#chromatin = new Noise(hash(recipe.seed, 0x1c, 1));
  }

  /** Paints one nucleus over what is there. Call in order, lowest first. */
  paint(canvas: Canvas, seen: VisibleNucleus): void {
    const { box, mpp } = canvas;
    const { nucleus: n } = seen;
    // The soft edge reaches a pixel or two beyond the outline.
    const pad = Math.ceil(1 / mpp) + 1;
    const x0 = Math.max(seen.x - pad, box.x);
    const y0 = Math.max(seen.y - pad, box.y);
    const x1 = Math.min(seen.x + seen.width + pad, box.x + box.width);
    const y1 = Math.min(seen.y + seen.height + pad, box.y + box.height);
    const noise = this.#chromatin;
    const ox = 200 * hashUnit(n.bits, 1);
    const oy = 200 * hashUnit(n.bits, 2);
    const wave = mix(0.75, 1.35, n.clumps);
    const soft = n.softness + 0.3 * mpp;
    const tilt = 0.16 * (hashUnit(n.bits, 3) - 0.5);
    const eosin = 0.03 + 0.06 * hashUnit(n.bits, 4);
    const crisp = clamp(1.25 - 1.3 * n.softness, 0.4, 1);
    for (let py = y0; py < y1; py++) {
      const dy = (py + 0.5) * mpp - n.y;
      for (let px = x0; px < x1; px++) {
        const dx = (px + 0.5) * mpp - n.x;
        const d = radial(n, dx, dy);
        if (d > 1.9) continue;
        const away = Math.sqrt(dx * dx + dy * dy);
        // Depth below the outline along the ray from the centre, bounded by that of a flat side.
        const ray = d > 1e-3 ? away * (1 / d - 1) : n.short;
        const depth =
          d < 1 ? Math.min(ray, n.short * (1 - d) * 1.3) : Math.max(ray, n.long * (1 - d));
        if (depth < -1.3 * soft) continue;
        const mx = px - seen.x;
        const my = py - seen.y;
        if (d < 1 && seen.mask[my * seen.width + mx] === 2) continue;
        const cover = smoothstep(-soft, soft, depth);
        if (cover <= 0) continue;
        const u = dx * n.axisX + dy * n.axisY;
        const v = dy * n.axisX - dx * n.axisY;
        const a = noise.at(u / wave + ox, v / wave + oy);
        const b = noise.at((u * 0.6 - v * 0.8) / 0.58 + oy, (u * 0.8 + v * 0.6) / 0.58 + ox);
        const blotch = noise.at(u / 2.9 + oy, v / 2.9 + ox);
        const texture = 0.6 * a + 0.4 * b;
        // Chromatin: dark granules on a paler ground, denser in places.
        const granules = smoothstep(0.05, 0.42, texture + 0.22 * blotch);
        const holes = smoothstep(-0.05, -0.5, texture);
        const pale = n.vesicular;
        const body = mix(0.86, 0.42, pale) * (1 + tilt * u) * (1 + 0.2 * blotch);
        const grain =
          (mix(0.34, 0.62, pale) * granules - mix(0.22, 0.12, pale) * holes) *
          (0.5 + 0.7 * n.clumps) *
          crisp;
        const broken = 0.75 + 0.55 * blotch + 0.5 * a;
        const rim =
          mix(0.16, 0.62, pale) * bell(depth - 0.38, 0.3) * crisp * Math.max(0.15, broken);
        let h = n.density * (body + grain + rim);
        let e =
          canvas.eosin[(py - box.y) * box.width + (px - box.x)]! * mix(0.45, 0.75, pale) + eosin;
        for (let k = 0; k < n.nucleoli.length; k += 3) {
          const nu = u - n.nucleoli[k]!;
          const nv = v - n.nucleoli[k + 1]!;
          const radius = n.nucleoli[k + 2]!;
          const dot = smoothstep(radius + 0.3, radius - 0.25, Math.sqrt(nu * nu + nv * nv)) * crisp;
          h += 0.5 * dot * n.density;
          e += 0.16 * dot;
        }
        const i = (py - box.y) * box.width + (px - box.x);
        canvas.hematoxylin[i] = mix(canvas.hematoxylin[i]!, Math.max(0, h), cover);
        canvas.eosin[i] = mix(canvas.eosin[i]!, e, cover);
        canvas.redCells[i] = canvas.redCells[i]! * (1 - cover);
      }
    }
  }
}
