import { listSupportedBackends } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { openModel } from "../../src/segment/open-model.ts";
import { PROVIDERS } from "../../src/segment/provider.ts";
import { requireProvider } from "../../src/segment/require-provider.ts";
import { toySpec } from "./toy.ts";

const known = listSupportedBackends().map(({ name }) => name);

describe("providers", () => {
  it("the CPU is always there", async () => {
    await requireProvider("cpu");
    await (await openModel(toySpec("sam-meta"), { provider: "cpu" })).release();
  });

  it.each(PROVIDERS.filter((provider) => !known.includes(provider)))(
    "%s, which this build does not have, is refused with what it has and what to do",
    async (provider) => {
      await expect(openModel(toySpec("sam-meta"), { provider })).rejects.toMatchObject({
        code: "provider-unavailable",
        exitStatus: 4,
        message: expect.stringMatching(
          new RegExp(
            `^--provider ${provider}: this build of ONNX Runtime \\(.*\\) does not have it; this build has cpu.*${provider} needs .*use --provider cpu$`,
          ),
        ),
      });
    },
  );

  // Whether these start depends on the machine; either way the answer is plain.
  it.each(PROVIDERS.filter((provider) => provider !== "cpu" && known.includes(provider)))(
    "%s, which this build has, opens the model or says why it cannot start",
    async (provider) => {
      const outcome = await openModel(toySpec("sam-meta"), { provider }).then(
        (adapter) => adapter.release(),
        (error: unknown) => error,
      );
      if (outcome === undefined) return;
      expect(outcome).toMatchObject({
        code: "provider-unavailable",
        message: expect.stringMatching(
          /ONNX Runtime cannot start it here \(.{10,}\); this build has cpu/,
        ),
      });
      expect((outcome as Error).message).not.toMatch(/onnxruntime_src|\n/);
    },
  );
});
