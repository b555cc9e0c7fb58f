import { MicrotomeError } from "../errors.ts";
import type { InstanceSource } from "../store/instance-source.ts";

/** Items until the signal aborts, then MicrotomeError `interrupted`: who takes them leaves no half file. */
export async function* unlessStopped<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal | undefined,
  doing: string,
): AsyncGenerator<T, void, void> {
  for await (const item of items) {
    if (signal?.aborted) throw new MicrotomeError("interrupted", `stopped while ${doing}`);
    yield item;
  }
}

/** The same objects, which end in MicrotomeError `interrupted` once the signal aborts. */
export function stoppable(objects: InstanceSource, signal: AbortSignal): InstanceSource {
  const { path, count, extent } = objects;
  const stop = <T>(items: AsyncIterable<T>) => unlessStopped(items, signal, "writing");
  return {
    ...(path === undefined ? {} : { path }),
    count,
    extent,
    all: () => stop(objects.all()),
    within: (box) => stop(objects.within(box)),
    ...(objects.blocks
      ? { blocks: (from?: number, to?: number) => stop(objects.blocks!(from, to)) }
      : {}),
    ...(objects.cuts ? { cuts: (bytes: number) => objects.cuts!(bytes) } : {}),
  };
}
