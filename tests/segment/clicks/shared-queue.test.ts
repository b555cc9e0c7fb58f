import { expect, it } from "vitest";
import { SharedQueue } from "../../../src/segment/clicks/shared-queue.ts";

/** Work that ends when it is told to, and what has been begun. */
function workshop() {
  const begun: string[] = [];
  const stopped: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const work = (key: string) => (signal: AbortSignal) => {
    begun.push(key);
    signal.addEventListener("abort", () => stopped.push(key));
    return new Promise<string>((resolve, reject) => {
      ends.set(key, (error) => (error ? reject(error) : resolve(`done ${key}`)));
    });
  };
  const end = async (key: string, error?: Error) => {
    ends.get(key)!(error);
    await settle();
  };
  return { begun, stopped, work, end };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const urgent = { urgent: true };
const patient = { urgent: false };

it("does one thing at a time; what is urgent first, then the newest", async () => {
  const { begun, work, end } = workshop();
  const queue = new SharedQueue<string>(4);
  const all = [
    queue.run("a", work("a"), patient),
    queue.run("b", work("b"), patient),
    queue.run("c", work("c"), patient),
    queue.run("d", work("d"), urgent),
    queue.run("e", work("e"), urgent),
  ];
  expect(begun).toEqual(["a"]);
  for (const key of ["a", "d", "e", "c", "b"]) await end(key);
  expect(begun).toEqual(["a", "d", "e", "c", "b"]);
  expect(await Promise.all(all)).toEqual(["a", "b", "c", "d", "e"].map((key) => `done ${key}`));
});

it("does what many ask for once, as urgently as the most urgent of them", async () => {
  const { begun, work, end } = workshop();
  const queue = new SharedQueue<string>(4);
  const first = queue.run("now", work("now"), urgent);
  const late = [
    queue.run("shared", work("shared"), patient),
    queue.run("other", work("other"), patient),
    queue.run("shared", work("shared"), urgent),
  ];
  const too = queue.run("now", work("now"), urgent);
  await end("now");
  await end("shared");
  await end("other");
  expect(begun).toEqual(["now", "shared", "other"]);
  expect(await Promise.all([first, too, ...late])).toHaveLength(5);
});

it("drops what nobody waits for, and stops it where it runs", async () => {
  const { begun, stopped, work, end } = workshop();
  const queue = new SharedQueue<string>(4);
  const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()];
  const running = queue.run("a", work("a"), { urgent: true, signal: one.signal });
  const waiting = queue.run("b", work("b"), { urgent: true, signal: two.signal });
  const half = queue.run("c", work("c"), { urgent: true, signal: three.signal });
  const other = queue.run("c", work("c"), urgent);
  for (const controller of [one, two, three]) controller.abort();
  for (const left of [running, waiting, half]) {
    await expect(left).rejects.toMatchObject({ code: "interrupted" });
  }
  expect(stopped).toEqual(["a"]);
  // Asked for again while the stopped work is still winding down: begun anew.
  const again = queue.run("a", work("a"), urgent);
  await end("a");
  await end("c");
  await end("a");
  expect(begun).toEqual(["a", "c", "a"]);
  expect(await Promise.all([other, again])).toEqual(["done c", "done a"]);
});

it("is not asked by who has gone already", async () => {
  const { begun, work } = workshop();
  const queue = new SharedQueue<string>(4);
  const asked = queue.run("a", work("a"), { urgent: true, signal: AbortSignal.abort() });
  await expect(asked).rejects.toMatchObject({ code: "interrupted" });
  expect(begun).toEqual([]);
});

it("lets the oldest patient work make room", async () => {
  const { begun, work, end } = workshop();
  const queue = new SharedQueue<string>(2);
  const kept = [queue.run("running", work("running"), patient)];
  const displaced = queue.run("1", work("1"), patient);
  kept.push(queue.run("2", work("2"), patient), queue.run("3", work("3"), patient));
  await expect(displaced).rejects.toMatchObject({ code: "interrupted" });
  for (const key of ["running", "3", "2"]) await end(key);
  expect(begun).toEqual(["running", "3", "2"]);
  await Promise.all(kept);
});

it("tells everyone of a failure, and goes on", async () => {
  const { work, end } = workshop();
  const queue = new SharedQueue<string>(2);
  const asked = [queue.run("a", work("a"), urgent), queue.run("a", work("a"), urgent)];
  const next = queue.run("b", work("b"), urgent);
  const told = Promise.allSettled(asked);
  await end("a", new Error("broken"));
  for (const { status } of await told) expect(status).toBe("rejected");
  await end("b");
  expect(await next).toBe("done b");
});
