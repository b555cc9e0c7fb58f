/** Calls `read` on every item, `streams` at a time, each lane taking the next. */
export async function inLanes<T>(
  items: readonly T[],
  streams: number,
  read: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await read(items[next++]!);
  };
  await Promise.all(Array.from({ length: streams }, lane));
}
