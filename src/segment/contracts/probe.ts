import type { InferenceSession } from "onnxruntime-node";
import { ModelContractError } from "../../errors.ts";
import type { ContractName, ModelSpec } from "../model.ts";
import type { ContractAdapter } from "./adapter.ts";
import { EDGE_SAM_RULES, edgeSamAdapter } from "./edge-sam.ts";
import { EFFICIENT_SAM_RULES, efficientSamAdapter } from "./efficient-sam.ts";
import { SAM_HF_RULES, samHfAdapter } from "./sam-hf.ts";
import { SAM_META_RULES, samMetaAdapter } from "./sam-meta.ts";
import { SAM2_RULES, sam2Adapter } from "./sam2.ts";
import { SAM2_HF_RULES, sam2HfAdapter } from "./sam2-hf.ts";
import {
  type ContractRules,
  contractFaults,
  describeAll,
  type GraphSignature,
} from "./signature.ts";
import { WINDOW_RULES, windowAdapter } from "./window.ts";

interface Contract {
  readonly rules: ContractRules;
  readonly adapter: (
    spec: ModelSpec,
    encoder: InferenceSession,
    decoder: InferenceSession,
  ) => ContractAdapter;
}

/** The contracts an adapter exists for; a new one is a line here and a file beside. */
export const CONTRACTS: Readonly<Record<ContractName, Contract>> = {
  window: { rules: WINDOW_RULES, adapter: windowAdapter },
  "sam-meta": { rules: SAM_META_RULES, adapter: samMetaAdapter },
  "sam-hf": { rules: SAM_HF_RULES, adapter: samHfAdapter },
  "efficient-sam": { rules: EFFICIENT_SAM_RULES, adapter: efficientSamAdapter },
  "edge-sam": { rules: EDGE_SAM_RULES, adapter: edgeSamAdapter },
  sam2: { rules: SAM2_RULES, adapter: sam2Adapter },
  "sam2-hf": { rules: SAM2_HF_RULES, adapter: sam2HfAdapter },
};

const NAMES = Object.keys(CONTRACTS) as ContractName[];

/**
 * The contract that two graphs follow, told by the names, types and ranks of their inputs and
 * outputs, never by a brand or a file name. Throws ModelContractError with everything found and
 * what the nearest contract expected.
 */
export function probeContract(encoder: GraphSignature, decoder: GraphSignature): ContractName {
  let nearest: { readonly name: ContractName; readonly faults: string[] } | null = null;
  for (const name of NAMES) {
    const faults = contractFaults(encoder, decoder, CONTRACTS[name].rules);
    if (faults.length === 0) return name;
    if (nearest === null || faults.length < nearest.faults.length) nearest = { name, faults };
  }
  const { name, faults } = nearest!;
  throw new ModelContractError(
    `the graphs follow none of the contracts ${NAMES.join(", ")}. Found ${found(encoder, decoder)}. Nearest is ${name}: ${faults.join("; ")}. See docs/models.md`,
    { nearest: name, faults: faults.length },
  );
}

/** Checks that two graphs follow the named contract. Throws ModelContractError naming every difference, and the contract that would fit. */
export function checkContract(
  contract: ContractName,
  encoder: GraphSignature,
  decoder: GraphSignature,
  model: string,
): void {
  const faults = contractFaults(encoder, decoder, CONTRACTS[contract].rules);
  if (faults.length === 0) return;
  const other = NAMES.find(
    (name) => contractFaults(encoder, decoder, CONTRACTS[name].rules).length === 0,
  );
  const advice =
    other === undefined
      ? `Found ${found(encoder, decoder)}. See docs/models.md`
      : `The graphs follow "${other}": set "contract": "${other}" in the model's description`;
  throw new ModelContractError(
    `model "${model}" does not follow its contract "${contract}": ${faults.join("; ")}. ${advice}`,
    { model, contract, faults: faults.length },
  );
}

function found(encoder: GraphSignature, decoder: GraphSignature): string {
  return `encoder (${describeAll(encoder.inputs)}) → (${describeAll(encoder.outputs)}), decoder (${describeAll(decoder.inputs)}) → (${describeAll(decoder.outputs)})`;
}
