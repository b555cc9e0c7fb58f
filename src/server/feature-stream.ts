import { MicrotomeError } from "../errors.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** One feature of a million is a few kB; a file whose "feature" is larger than this is not ours. */
const MAX_FEATURE_BYTES = 64 * 1024 * 1024;

/**
 * Cuts GeoJSON bytes into features, one JSON value at a time, so that memory holds one feature
 * whatever the size of the file.
 *
 * Takes a FeatureCollection (any member order) or an array of features. Throws MicrotomeError
 * `corrupt-file` when the text is not JSON or ends early. `fileName` is for messages.
 */
export async function* readFeatures(
  chunks: AsyncIterable<Uint8Array>,
  fileName: string,
): AsyncGenerator<unknown> {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let rootSeen = false;
  // The last string at the root object's level: the key that an opening bracket belongs to.
  let key = "";
  let keyBytes: number[] | null = null;
  // Depth of the objects inside the feature array, or 0 while outside of it.
  let featureDepth = 0;
  let parts: Uint8Array[] | null = null;
  let partBytes = 0;

  for await (const chunk of chunks) {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) {
          inString = false;
          if (keyBytes) {
            key = String.fromCharCode(...keyBytes);
            keyBytes = null;
          }
          continue;
        }
        if (keyBytes && keyBytes.length < 32) keyBytes.push(byte);
        continue;
      }
      if (byte === QUOTE) {
        inString = true;
        if (depth === 1 && featureDepth === 0) keyBytes = [];
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        depth++;
        if (byte === OPEN_BRACKET && featureDepth === 0) {
          if (depth === 1 && !rootSeen) featureDepth = 2;
          else if (depth === 2 && key === "features") featureDepth = 3;
        }
        rootSeen = true;
        if (byte === OPEN_BRACE && depth === featureDepth) {
          parts = [];
          partBytes = 0;
          start = i;
        }
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (parts && depth === featureDepth) {
          parts.push(chunk.subarray(start, i + 1));
          yield parseFeature(parts, fileName);
          parts = null;
        }
        depth--;
        if (depth < 0) throw corrupt(fileName, "a bracket closes that was never opened");
        if (featureDepth > 0 && depth < featureDepth - 1) featureDepth = 0;
        if (depth === 1) key = "";
      }
    }
    if (parts) {
      partBytes += chunk.length - start;
      if (partBytes > MAX_FEATURE_BYTES)
        throw corrupt(fileName, "one feature is larger than 64 MB");
      // A copy: the reader may use its buffer again.
      parts.push(Uint8Array.prototype.slice.call(chunk, start));
    }
  }
  if (!rootSeen) throw corrupt(fileName, "no JSON object or array was found");
  if (depth !== 0 || inString) throw corrupt(fileName, "the text ends in the middle of a value");
}

function parseFeature(parts: readonly Uint8Array[], fileName: string): unknown {
  const text = Buffer.concat(parts).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corrupt(fileName, `a feature is not JSON: ${text.slice(0, 60)}…`, cause);
  }
}

function corrupt(fileName: string, found: string, cause?: unknown): MicrotomeError {
  return new MicrotomeError(
    "corrupt-file",
    `${fileName}: ${found}; expected a GeoJSON FeatureCollection. Segment the slide again, or export the run again.`,
    { file: fileName },
    cause,
  );
}
