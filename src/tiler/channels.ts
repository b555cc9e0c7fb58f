import { MicrotomeError } from "../errors.ts";
import type { ChannelColor, ChannelWindow, OpenOptions, SlideChannel } from "./slide.ts";

/** What a file says of a channel. */
export interface StatedChannel {
  readonly name: string | null;
  readonly color: ChannelColor | null;
}

/** Colours of channels whose file names none, in their order. */
const DEFAULT_COLORS: readonly ChannelColor[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 0],
  [0, 255, 255],
  [255, 0, 255],
  [255, 255, 255],
];

/** Fractions of the values that a window leaves below and above. */
const WINDOW_TAILS = { low: 0.001, high: 0.999 } as const;

/** Channels with a name and a colour each; a colour that all share (Bio-Formats' white) says nothing. */
export function nameChannels(stated: readonly StatedChannel[]): Omit<SlideChannel, "window">[] {
  const colors = new Set(stated.map(({ color }) => String(color)));
  const said = colors.size > 1 || stated.length === 1;
  return stated.map(({ name, color }, index) => ({
    index,
    name: name?.trim() || `channel ${index}`,
    color: (said ? color : null) ?? DEFAULT_COLORS[index % DEFAULT_COLORS.length]!,
  }));
}

/** Which channel `options.channel` means. Throws `usage`, naming those there are. */
export function chooseChannel(
  path: string,
  channels: readonly { readonly name: string }[],
  wanted: OpenOptions["channel"],
): number | "composite" {
  if (wanted === undefined || wanted === "composite") return "composite";
  const text = String(wanted).toLowerCase();
  const named = channels.findIndex(({ name }) => name.toLowerCase() === text);
  if (named >= 0) return named;
  if (/^\d+$/.test(text) && Number(text) < channels.length) return Number(text);
  const list = channels.map(({ name }, i) => `${i} (${name})`).join(", ");
  throw new MicrotomeError(
    "usage",
    `${path} has no channel ${wanted}; it has ${list}, and "composite" for all together.`,
    { path, channel: wanted },
  );
}

/** Throws `usage` where a channel is asked of a slide that has none. */
export function refuseChannel(path: string, wanted: OpenOptions["channel"]): void {
  if (wanted === undefined || wanted === "composite") return;
  throw new MicrotomeError(
    "usage",
    `${path} has no channels to choose from, its pixels are a picture's: leave --channel out.`,
    { path, channel: wanted },
  );
}

/**
 * The window of sampled values: from their 0.1st to their 99.9th percentile.
 *
 * Sorts `values`. A window without width is widened by one.
 */
export function percentileWindow(values: Float64Array): ChannelWindow {
  if (values.length === 0) return { low: 0, high: 1 };
  values.sort();
  const last = values.length - 1;
  const low = values[Math.floor(WINDOW_TAILS.low * last)]!;
  const high = values[Math.ceil(WINDOW_TAILS.high * last)]!;
  return { low, high: high > low ? high : low + 1 };
}
