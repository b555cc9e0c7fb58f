import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { openSlide } from "../src/tiler/open-slide.ts";
import { detectTissue } from "../src/tiler/tissue.ts";
import { paintTissueCases, type TissueCase } from "./tissue-cases.ts";
import { scoreTissue } from "./tissue-score.ts";

/** Draws docs/images/tissue-cases.jpg and prints docs/tissue.md's table: npx tsx samples/tissue-sheet.ts FILE.jpg [DIR]; with DIR the pictures and truths as PNG, too. */
const [file, folder] = process.argv.slice(2);
const COLUMNS = 4;
const scratch = await mkdtemp(join(tmpdir(), "microtome-cases-"));
const tiles: Buffer[] = [];
const cases = paintTissueCases();
for (const painted of cases) {
  const { name, width, height, mpp, rgb, tissue } = painted;
  const raw = { raw: { width, height, channels: 3 as const } };
  const path = join(scratch, "case.png");
  await sharp(rgb, raw).png().toFile(path);
  const slide = await openSlide(path, { mpp });
  const started = process.cpuUsage();
  const found = await detectTissue(slide);
  const { user } = process.cpuUsage(started);
  await slide.close();
  const { iou, recall, inkKept } = scoreTissue(found, painted);
  console.log(
    `| ${name} | ${iou.toFixed(3)} | ${recall.toFixed(3)} | ${inkKept === null ? "" : `${(100 * inkKept).toFixed(1)} %`} | ${(user / 1000).toFixed(0)} ms |`,
  );
  tiles.push(await sharp(outlined(painted, found), raw).png().toBuffer());
  if (folder) {
    await sharp(rgb, raw)
      .png()
      .toFile(join(folder, `${name}.png`));
    const one = { raw: { width, height, channels: 1 as const } };
    await sharp(
      tissue.map((v) => v * 255),
      one,
    )
      .png()
      .toFile(join(folder, `${name}.truth.png`));
    await sharp(
      painted.ink.map((v) => v * 255),
      one,
    )
      .png()
      .toFile(join(folder, `${name}.ink.png`));
  }
}
await rm(scratch, { recursive: true });

/** The picture, dimmed where no tissue was found, with the outline of what was. */
function outlined(
  { width, height, rgb }: TissueCase,
  found: Awaited<ReturnType<typeof detectTissue>>,
): Uint8Array {
  const is = (x: number, y: number) =>
    found.tight[
      Math.min(found.height - 1, Math.floor(y / found.downsampleY)) * found.width +
        Math.min(found.width - 1, Math.floor(x / found.downsampleX))
    ] === 1;
  const out = Uint8Array.from(rgb);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      const inside = is(x, y);
      if (
        inside !== is(Math.min(width - 1, x + 2), y) ||
        inside !== is(x, Math.min(height - 1, y + 2))
      ) {
        out.set([0, 180, 80], o);
      } else if (!inside) {
        for (let c = 0; c < 3; c++) out[o + c] = out[o + c]! * 0.72;
      }
    }
  }
  return out;
}

const [tileWidth, tileHeight] = [300, 240];
const rows = Math.ceil(cases.length / COLUMNS);
const small = await Promise.all(
  tiles.map((tile) =>
    sharp(tile)
      .resize(tileWidth - 6, tileHeight - 6)
      .toBuffer(),
  ),
);
const sheet = await sharp({
  create: {
    width: COLUMNS * tileWidth,
    height: rows * tileHeight,
    channels: 3,
    background: "#ffffff",
  },
})
  .composite(
    small.map((input, i) => ({
      input,
      left: (i % COLUMNS) * tileWidth + 3,
      top: Math.floor(i / COLUMNS) * tileHeight + 3,
    })),
  )
  .jpeg({ quality: 80 })
  .toBuffer();
if (file) await writeFile(file, sheet);
