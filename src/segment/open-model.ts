import { InferenceSession } from "onnxruntime-node";
import { ModelContractError } from "../errors.ts";
import type { SamAdapter } from "./contracts/adapter.ts";
import { CONTRACTS, checkContract } from "./contracts/probe.ts";
import { signatureOf } from "./contracts/signature.ts";
import { externalWeights } from "./memory.ts";
import type { ModelSpec } from "./model.ts";
import type { Provider } from "./provider.ts";
import { requireProvider } from "./require-provider.ts";

/**
 * One thread a session unless told otherwise: microtome runs one session a worker, and N workers of one thread beat one of
 * N. No arena: it would keep the encoder's peak for good, about 200 MB a worker, and is not faster here.
 */
const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  executionMode: "sequential",
  graphOptimizationLevel: "all",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  enableCpuMemArena: false,
  logSeverityLevel: 3,
};

/** How a session is to run. */
export interface SessionSetup {
  /** ONNX Runtime's own threads on the CPU; 1 where left out. */
  readonly threads?: number;
  /** The CPU where left out. */
  readonly provider?: Provider;
}

/**
 * One graph of a model. Throws ModelContractError where ONNX Runtime refuses the file, and MicrotomeError
 * `provider-unavailable` where the provider is not to be had.
 */
export async function openSession(
  path: string,
  { threads = 1, provider = "cpu" }: SessionSetup = {},
): Promise<InferenceSession> {
  await requireProvider(provider);
  const session = {
    // Threads that wait must not keep cores from those who work: a click comes now and then.
    ...(threads > 1 ? { intra_op: { allow_spinning: "0" } } : {}),
    // Weights in a file of their own are mapped into memory, and workers share those pages as long as nobody makes
    // a packed copy of them: measured on 320 MB, four workers take 358 MiB instead of 1,273 (docs/models.md).
    ...((await externalWeights(path)) === null ? {} : { disable_prepacking: "1" }),
  };
  try {
    return await InferenceSession.create(path, {
      ...SESSION_OPTIONS,
      executionProviders: [provider],
      intraOpNumThreads: threads,
      extra: { session },
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelContractError(
      `${path}: ONNX Runtime cannot load it (${reason.slice(0, 300)}); expected an ONNX graph for ${provider === "cpu" ? "the CPU" : provider}`,
      { file: path },
      cause,
    );
  }
}

/**
 * Opens a model's two sessions and checks them against its contract. Throws ModelContractError, and MicrotomeError
 * `provider-unavailable`.
 */
export async function openModel(spec: ModelSpec, setup: SessionSetup = {}): Promise<SamAdapter> {
  const sessions: InferenceSession[] = [];
  const release = async () => {
    for (const session of sessions) await session.release();
  };
  try {
    const encoder = await openSession(spec.files.encoder.path, setup);
    sessions.push(encoder);
    const decoder = await openSession(spec.files.decoder.path, setup);
    sessions.push(decoder);
    checkContract(spec.contract, signatureOf(encoder), signatureOf(decoder), spec.name);
    const adapter = CONTRACTS[spec.contract].adapter(spec, encoder, decoder);
    return {
      ...adapter,
      encode: async (image) => adapter.open(await adapter.embed(image)),
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}
