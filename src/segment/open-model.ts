import { InferenceSession } from "onnxruntime-node";
import { ModelContractError } from "../errors.ts";
import type { SamAdapter } from "./contracts/adapter.ts";
import { CONTRACTS, checkContract } from "./contracts/probe.ts";
import { signatureOf } from "./contracts/signature.ts";
import type { ModelSpec } from "./model.ts";

/**
 * One thread a session: microtome runs one session a worker, and N workers of one thread beat one of
 * N. No arena: it would keep the encoder's peak for good, about 200 MB a worker, and is not faster here.
 */
const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ["cpu"],
  executionMode: "sequential",
  graphOptimizationLevel: "all",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  enableCpuMemArena: false,
  logSeverityLevel: 3,
};

/** One graph of a model on the CPU, with one thread or as told. Throws ModelContractError where ONNX Runtime refuses the file. */
export async function openSession(path: string, threads = 1): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
      ...SESSION_OPTIONS,
      intraOpNumThreads: threads,
      // Threads that wait must not keep cores from those who work: a click comes now and then.
      ...(threads > 1 ? { extra: { session: { intra_op: { allow_spinning: "0" } } } } : {}),
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelContractError(
      `${path}: ONNX Runtime cannot load it (${reason.slice(0, 300)}); expected an ONNX graph for the CPU`,
      { file: path },
      cause,
    );
  }
}

/** Opens a model's two sessions, of one thread each or as told, and checks them against its contract. Throws ModelContractError. */
export async function openModel(spec: ModelSpec, threads = 1): Promise<SamAdapter> {
  const encoder = await openSession(spec.files.encoder.path, threads);
  const decoder = await openSession(spec.files.decoder.path, threads);
  checkContract(spec.contract, signatureOf(encoder), signatureOf(decoder), spec.name);
  const adapter = CONTRACTS[spec.contract].adapter(spec, encoder, decoder);
  return {
    ...adapter,
    encode: async (image) => adapter.open(await adapter.embed(image)),
    async release() {
      await encoder.release();
      await decoder.release();
    },
  };
}
