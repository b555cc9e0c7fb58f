import { CorruptSlideError, UnsupportedSlideError } from "../../errors.ts";
import { makeBlockedSlide } from "../blocked-slide.ts";
import { readJp2 } from "../codecs/jp2-boxes.ts";
import { decodeJpeg2000 } from "../codecs/jpeg2000.ts";
import { isCodestream, readJpeg2000Header } from "../codecs/jpeg2000-header.ts";
import { yCbCrToRgb } from "../codecs/ycbcr.ts";
import { VIRTUAL_TILE } from "../level-source.ts";
import { MAX_TEXT_BYTES } from "../limits.ts";
import { decideMpp } from "../resolution.ts";
import { PHOTOMETRIC } from "../tiff/names.ts";
import { samplesToRgb } from "../tiff/samples-to-rgb.ts";
import type { SlideFormat } from "./format.ts";

/** Bytes of a file that is read whole: 2^28. */
const MAX_FILE_BYTES = 16 * MAX_TEXT_BYTES;

/** A plain JPEG 2000 picture, JP2 or codestream: a slide of one level, decoded once and held. */
export const jp2: SlideFormat = {
  name: "JPEG 2000",
  vendor: "plain",
  detect: ({ head }) =>
    isCodestream(head) || String.fromCharCode(...head.subarray(4, 8)) === "jP  ",
  async open({ source }, options) {
    const { path } = source;
    const because = (cause: unknown): string =>
      cause instanceof Error ? cause.message : String(cause);
    if (source.size > MAX_FILE_BYTES) {
      throw new UnsupportedSlideError(
        `${path} is a JPEG 2000 file of ${source.size} bytes, more than the ${MAX_FILE_BYTES} read at once; make it a tiled pyramid, e.g. with \`vips tiffsave\`.`,
        { path, bytes: source.size },
      );
    }
    const readAll = async () => readJp2(await source.fetch(0, source.size));
    const header = await readAll()
      .then(({ codestream }) => readJpeg2000Header(codestream))
      .catch((cause: unknown) => {
        throw new UnsupportedSlideError(
          `${path} is JPEG 2000 of a kind that is not read (${because(cause)}); convert it to a TIFF.`,
          { path },
          cause,
        );
      });
    const size = { width: header.width, height: header.height };
    const level = {
      size,
      block: size,
      tileSize: VIRTUAL_TILE,
      async readBlock() {
        try {
          const { codestream, yCbCr } = await readAll();
          const { data, width, height, components, madeRgb } = await decodeJpeg2000(codestream);
          if (yCbCr && !madeRgb && data instanceof Uint8Array && components === 3) yCbCrToRgb(data);
          const colours = { photometric: PHOTOMETRIC.rgb, alpha: false };
          return samplesToRgb({ data, width, height, perPixel: components }, colours);
        } catch (cause) {
          throw new CorruptSlideError(
            `${path} cannot be decoded (${because(cause)}); copy it again from where it came from.`,
            { path },
            cause,
          );
        }
      },
      readRawTile: async () => null,
    };
    const about = { vendor: this.vendor, objectivePower: null, associated: [], levels: [level] };
    return makeBlockedSlide(source, { ...about, mpp: decideMpp(options, null, null) }, options);
  },
};
