import { describe, expect, it } from "vitest";
import { BlockCache } from "../src/block-cache.ts";

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

  it("keeps what is to stay before what was used last, and the older before the newest of it", async () => {
    const cache = new BlockCache(90);
    const stay = () => "until-dropped" as const;
    await cache.add("a", Promise.resolve(block(30)), stay);
    await cache.get("b", async () => block(30));
    await cache.add("c", Promise.resolve(block(30)), stay);
    await cache.add("d", Promise.resolve(block(30)), stay);
    expect(["a", "b", "c", "d"].filter((key) => cache.find(key))).toEqual(["a", "c", "d"]);
    await cache.add("e", Promise.resolve(block(30)), stay);
    expect(["a", "c", "d", "e"].filter((key) => cache.find(key))).toEqual(["a", "c", "d"]);
    cache.drop("a");
    expect(cache.bytes).toBe(60);
    cache.release();
    await cache.get("f", async () => block(60));
    expect(["c", "d", "f"].filter((key) => cache.find(key))).toEqual(["d", "f"]);
  });

  it("counts a buffer that blocks share once, until the last of them goes", async () => {
    const cache = new BlockCache(1000);
    const both = new Uint8Array(60);
    const part = (from: number) => ({ data: both.subarray(from, from + 30), width: 10, height: 1 });
    await cache.get("a", async () => part(0));
    await cache.get("b", async () => part(30));
    expect(cache.bytes).toBe(60);
    cache.drop("a");
    expect(cache.bytes).toBe(60);
    cache.drop("b");
    expect(cache.bytes).toBe(0);
    // What stays is copied out: it would keep all of its neighbours.
    const kept = await cache.add("c", Promise.resolve(part(30)), () => "until-dropped");
    expect(kept.data).toEqual(part(30).data);
    expect(cache.bytes).toBe(30);
  });
});
