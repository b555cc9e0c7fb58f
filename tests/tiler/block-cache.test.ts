import { describe, expect, it } from "vitest";
import { BlockCache } from "../../src/tiler/block-cache.ts";

const block = (bytes: number) => ({ data: new Uint8Array(bytes), width: bytes / 3, height: 1 });

describe("BlockCache", () => {
  it("decodes a block once, however many ask at once", async () => {
    const cache = new BlockCache(100);
    let loads = 0;
    const load = async () => {
      loads++;
      return block(30);
    };
    const asked = await Promise.all([
      cache.get("a", load),
      cache.get("a", load),
      cache.get("a", load),
    ]);
    expect(new Set(asked).size).toBe(1);
    await cache.get("a", load);
    expect(loads).toBe(1);
  });

  it("drops the least recently used beyond its limit", async () => {
    const cache = new BlockCache(90);
    const loads: string[] = [];
    const get = (key: string) =>
      cache.get(key, async () => {
        loads.push(key);
        return block(30);
      });
    for (const key of ["a", "b", "c", "a", "d", "a", "c", "b"]) await get(key);
    expect(loads).toEqual(["a", "b", "c", "d", "b"]);
    expect(cache.bytes).toBe(90);
  });

  it("keeps the newest even where it alone is beyond the limit", async () => {
    const cache = new BlockCache(10);
    let loads = 0;
    const load = async () => {
      loads++;
      return block(300);
    };
    await cache.get("whole", load);
    await cache.get("whole", load);
    expect(loads).toBe(1);
  });

  it("tries again after a failure", async () => {
    const cache = new BlockCache(100);
    await expect(cache.get("a", async () => Promise.reject(new Error("disk")))).rejects.toThrow(
      "disk",
    );
    await expect(cache.get("a", async () => block(3))).resolves.toHaveProperty("width", 1);
  });
});
