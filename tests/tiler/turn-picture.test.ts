import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { grayPicture, type Turn, turnPicture } from "../../src/tiler/turn-picture.ts";
import { busy, paint, rgb } from "./write-slides.ts";

const [WIDTH, HEIGHT] = [7, 4];
const image = { data: paint(WIDTH, HEIGHT, busy), width: WIDTH, height: HEIGHT };

describe("turnPicture", () => {
  const turns = [0, 1, 2, 3].flatMap((quarters) =>
    [false, true].map((mirrored) => ({ quarters, mirrored }) as Turn),
  );

  it.each(turns)("is libvips' mirror and rotation: %o", async (turn) => {
    // Mirrored in a step of its own: sharp would do it after turning.
    const mirrored = rgb(image.data, WIDTH, HEIGHT).flop(turn.mirrored).raw();
    const expected = await sharp(await mirrored.toBuffer(), {
      raw: { width: WIDTH, height: HEIGHT, channels: 3 },
    })
      .rotate(turn.quarters * 90)
      .raw()
      .toBuffer({ resolveWithObject: true });
    const turned = turnPicture(image, turn);
    expect([turned.width, turned.height]).toEqual([expected.info.width, expected.info.height]);
    expect(Buffer.from(turned.data).equals(expected.data)).toBe(true);
  });
});

describe("grayPicture", () => {
  it("is BT.601 luma in every channel", () => {
    const colours = { data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255), width: 3, height: 1 };
    expect([...grayPicture(colours).data]).toEqual([76, 76, 76, 150, 150, 150, 29, 29, 29]);
  });
});
