import { PROVIDERS } from "../segment/provider.ts";
import { convertToSrgb } from "../tiler/color/convert-to-srgb.ts";
import { openSlide } from "../tiler/open-slide.ts";
import { BACKENDS, type OpenOptions, type Slide } from "../tiler/slide.ts";
import type { Arguments, Terminal } from "./command.ts";

/** The option that every command that opens slides shares. */
export const BACKEND_OPTION = { backend: { type: "string" } } as const;

/** The option of commands that show or segment one channel. */
export const CHANNEL_OPTION = { channel: { type: "string" } } as const;

/** The options of commands whose pixels may be converted. */
export const SLIDE_OPTIONS = { ...BACKEND_OPTION, icc: { type: "boolean" } } as const;

/** The options as help text. */
export const BACKEND_HELP = `  --backend B               auto, native, or openslide: what reads the slide; auto asks
                            OpenSlide, where it is installed, for what microtome does not read`;
export const CHANNEL_HELP = `  --channel N|NAME          of a slide with channels: this one, as grey; all together when left out`;
export const ICC_HELP = `  --icc                     colours converted to sRGB by the slide's ICC profile`;

/** `backend` as given, for any options object. */
export function backendOption(parsed: Arguments): Pick<OpenOptions, "backend"> {
  const backend = parsed.oneOf("backend", BACKENDS);
  return backend === undefined ? {} : { backend };
}

/** `channel` as given, for any options object. */
export function channelOption(parsed: Arguments): Pick<OpenOptions, "channel"> {
  const channel = parsed.string("channel");
  return channel === undefined ? {} : { channel };
}

/** Opens the slide that a command names, with `--backend` and `--icc`. Throws as openSlide does. */
export async function openNamedSlide(
  path: string,
  parsed: Arguments,
  terminal: Pick<Terminal, "stderr">,
  options: OpenOptions = {},
): Promise<Slide> {
  const slide = await openSlide(path, { ...options, ...backendOption(parsed) });
  if (!parsed.boolean("icc")) return slide;
  if (!slide.iccProfile) {
    terminal.stderr.write(
      `note: ${path} has no ICC profile; its colours are taken for sRGB as they are\n`,
    );
  }
  return convertToSrgb(slide).catch(async (error: unknown) => {
    await slide.close();
    throw error;
  });
}

/** What `--provider` is for, as help text. */
export const PROVIDER_HELP = `  --provider P              what runs the model: ${PROVIDERS.join(", ")}`;
