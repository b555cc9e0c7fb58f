/**
 * Runs `work` over the items with at most `limit` at a time, in order of starting.
 *
 * Stops starting when the signal aborts or a call throws, waits for those in flight, and then
 * throws the first error; an abort alone is not an error.
 */
export async function forEachBounded<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | null = null;
  const lane = async (): Promise<void> => {
    while (next < items.length && !failure && !signal?.aborted) {
      const item = items[next++]!;
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, limit) }, lane));
  if (failure) throw (failure as { readonly error: unknown }).error;
}
