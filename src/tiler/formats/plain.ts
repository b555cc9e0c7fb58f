import { CorruptSlideError, UnsupportedSlideError } from "../../errors.ts";
import { makeBlockedSlide } from "../blocked-slide.ts";
import { type LevelSource, VIRTUAL_TILE } from "../level-source.ts";
import { MAX_BLOCK_PIXELS } from "../limits.ts";
import { decodePicture, pictureFacts } from "../picture.ts";
import { decideMpp } from "../resolution.ts";
import type { SlideFormat } from "./format.ts";

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;
const JPEG = [0xff, 0xd8, 0xff] as const;

/**
 * A plain PNG or JPEG: a slide of one level, decoded once and held, pixels as stored (no rotation by
 * EXIF, no ICC conversion). It says no µm/px: the dpi of a picture is not a microscope's.
 */
export const plain: SlideFormat = {
  name: "PNG or JPEG",
  vendor: "plain",
  detect: (probe) => [PNG, JPEG].some((magic) => magic.every((byte, i) => probe.head[i] === byte)),
  async open(probe, options) {
    const { path } = probe.source;
    const facts = await pictureFacts(path).catch((cause: unknown) => {
      throw damaged(path, cause);
    });
    const size = { width: facts.width, height: facts.height };
    if (size.width * size.height > MAX_BLOCK_PIXELS) {
      throw new UnsupportedSlideError(
        `${path} is a plain ${facts.format} of ${size.width}×${size.height} px, more than the ${MAX_BLOCK_PIXELS} px held in memory at once; make it a pyramid, e.g. \`vips tiffsave IN.${facts.format} out.tif --tile --pyramid --compression jpeg\`.`,
        { path, ...size },
      );
    }
    const level: LevelSource = {
      size,
      block: size,
      tileSize: VIRTUAL_TILE,
      readBlock: () =>
        decodePicture(path).catch((cause: unknown) => {
          throw damaged(path, cause);
        }),
      readRawTile: async () => null,
    };
    return makeBlockedSlide(
      probe.source,
      {
        vendor: this.vendor,
        mpp: decideMpp(options, null, null),
        objectivePower: null,
        associated: [],
        iccProfile: facts.iccProfile,
        levels: [level],
      },
      options,
    );
  },
};

function damaged(path: string, cause: unknown): CorruptSlideError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CorruptSlideError(
    `${path} cannot be decoded (${why}); copy it again from where it came from.`,
    { path },
    cause,
  );
}
