import { MicrotomeError } from "../errors.ts";
import type { Provider } from "./provider.ts";

/** What a provider asks of a machine. */
const NEEDS: Readonly<Record<Exclude<Provider, "cpu">, string>> = {
  cuda: "Linux on x64, an NVIDIA GPU, CUDA 12 and cuDNN 9, and an onnxruntime-node that was installed without ONNXRUNTIME_NODE_INSTALL=skip",
  tensorrt: "what cuda needs, and TensorRT's libraries on the library path",
  webgpu: "a GPU with a driver for Vulkan (Linux), Metal (macOS) or Direct3D 12 (Windows)",
  coreml: "macOS",
  dml: "Windows and a GPU for DirectX 12",
};

/** A graph of one node, Relu over one number: what a provider must at least be able to open. */
const ONE_NODE = Buffer.from(
  "CAgSADozCgwKAXgSAXkiBFJlbHUSAWdaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgQKABAN",
  "base64",
);

/**
 * Tries whether a provider can be had: the build must know it, and the machine must be able to start it.
 *
 * ONNX Runtime would otherwise say so in the middle of opening a model, in terms of its own source. Throws
 * MicrotomeError `provider-unavailable`: what was found, what this build has, what the provider needs.
 */
export async function requireProvider(provider: Provider): Promise<void> {
  if (provider === "cpu") return;
  // Loaded only here: who stays on the CPU has the library in the workers alone.
  const { InferenceSession, listSupportedBackends } = await import("onnxruntime-node");
  const backends = listSupportedBackends();
  if (!backends.some(({ name }) => name === provider)) throw absent(provider, backends, null);
  try {
    const session = await InferenceSession.create(ONE_NODE, {
      executionProviders: [provider],
      logSeverityLevel: 4,
    });
    await session.release();
  } catch (cause) {
    throw absent(provider, backends, reasonOf(cause), cause);
  }
}

/** `reason` is what ONNX Runtime says where it knows the provider but cannot start it. */
function absent(
  provider: Exclude<Provider, "cpu">,
  backends: readonly { readonly name: string; readonly bundled: boolean }[],
  reason: string | null,
  cause?: unknown,
): MicrotomeError {
  const known = backends.map(({ name, bundled }) =>
    bundled ? name : `${name} (its libraries are not in the package)`,
  );
  const found =
    reason === null
      ? `this build of ONNX Runtime (${process.platform}, ${process.arch}) does not have it`
      : `ONNX Runtime cannot start it here (${reason})`;
  return new MicrotomeError(
    "provider-unavailable",
    `--provider ${provider}: ${found}; this build has ${known.join(", ")}. ${provider} needs ${NEEDS[provider]}. Provide that, or use --provider cpu`,
    { provider, known: known.join(", ") },
    cause,
  );
}

/** The telling part of ONNX Runtime's message, without its source's paths. */
function reasonOf(cause: unknown): string {
  const text = (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, " ");
  const [, failed = text] = text.split(/ was false\. /);
  return failed.trim().slice(0, 200);
}
