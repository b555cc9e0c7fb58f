import type { ChannelColor, ChannelWindow, RgbImage } from "./slide.ts";
import type { SampleArray } from "./tiff/samples.ts";

/** How a channel is shown. */
export interface ShownChannel {
  readonly color: ChannelColor;
  readonly window: ChannelWindow;
}

/** One channel's samples of a block: pixel i at `data[first + i * step]`. */
export interface ChannelSamples {
  readonly data: SampleArray;
  readonly first: number;
  readonly step: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A picture of channels, `samples[i]` shown as `shown[i]`: each value is windowed to 0..1, times its
 * colour, and the colours are added, as light does. A window that falls turns its channel over.
 */
export function composeChannels(
  samples: readonly (ChannelSamples | null)[],
  shown: readonly ShownChannel[],
  size: { readonly width: number; readonly height: number },
): RgbImage {
  const { width, height } = size;
  const data = new Uint8Array(width * height * 3);
  const layers = samples.flatMap((channel, i) => {
    const { color, window } = shown[i]!;
    return channel ? [{ channel, color, window, scale: 1 / (window.high - window.low) }] : [];
  });
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      let [red, green, blue] = [0.5, 0.5, 0.5];
      for (const { channel, color, window, scale } of layers) {
        const value = channel.data[channel.first + (y * channel.width + x) * channel.step]!;
        const part = Math.min(1, Math.max(0, (value - window.low) * scale)) || 0;
        red += part * color[0];
        green += part * color[1];
        blue += part * color[2];
      }
      data[o] = Math.min(255, red);
      data[o + 1] = Math.min(255, green);
      data[o + 2] = Math.min(255, blue);
    }
  }
  return { data, width, height };
}
