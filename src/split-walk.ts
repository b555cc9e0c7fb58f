/** Cuts a walk at the points it visits twice; no ring that comes out visits one twice. */
export function splitWalk(walk: readonly number[]): number[][] {
  const rings: number[][] = [];
  const path: number[] = [];
  const at = new Map<string, number>();
  for (let k = 0; k < walk.length; k += 2) {
    const [x, y] = [walk[k]!, walk[k + 1]!];
    const key = `${x},${y}`;
    const before = at.get(key);
    if (before !== undefined) {
      const ring = path.splice(before);
      for (let m = 0; m < ring.length; m += 2) at.delete(`${ring[m]},${ring[m + 1]}`);
      rings.push(ring);
    }
    at.set(key, path.length);
    path.push(x, y);
  }
  rings.push(path);
  return rings;
}
