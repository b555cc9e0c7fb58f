import type { InferenceSession } from "onnxruntime-node";

/** What one input or output of a graph must look like. */
export interface TensorRule {
  readonly name: string;
  /** ONNX Runtime's element types, any one of them. */
  readonly types: readonly string[];
  /** Dimensions as documented; a number must match where the graph fixes it, a word is free. Several shapes: any one. */
  readonly shapes: readonly (readonly (number | string)[])[];
  readonly optional?: boolean;
}

/** What both graphs of a contract must look like. */
export interface ContractRules {
  readonly encoderInputs: readonly TensorRule[];
  readonly encoderOutputs: readonly TensorRule[];
  readonly decoderInputs: readonly TensorRule[];
  readonly decoderOutputs: readonly TensorRule[];
}

/** A graph as its session describes it: order does not matter, names do. */
export interface GraphSignature {
  readonly inputs: readonly InferenceSession.ValueMetadata[];
  readonly outputs: readonly InferenceSession.ValueMetadata[];
}

/** The signature of a session's graph. */
export function signatureOf(session: InferenceSession): GraphSignature {
  return { inputs: session.inputMetadata, outputs: session.outputMetadata };
}

/** The metadata of a tensor by name, or undefined. */
export function findTensor(
  values: readonly InferenceSession.ValueMetadata[],
  name: string,
): InferenceSession.TensorValueMetadata | undefined {
  const value = values.find((v) => v.name === name);
  return value?.isTensor === true ? value : undefined;
}

function describe(value: InferenceSession.ValueMetadata): string {
  if (!value.isTensor) return `${value.name} (not a tensor)`;
  return `${value.name} ${value.type}[${value.shape.map((d) => (d === "" ? "?" : d)).join(",")}]`;
}

/** The names, types and shapes of a graph's values on one line. */
export function describeAll(values: readonly InferenceSession.ValueMetadata[]): string {
  return values.length === 0 ? "nothing" : values.map(describe).join(", ");
}

function fits(shape: readonly (number | string)[], rule: readonly (number | string)[]): boolean {
  return (
    shape.length === rule.length &&
    rule.every((want, i) => {
      const found = shape[i];
      // A dimension the graph leaves open is a word, an empty string or a negative number.
      return typeof want !== "number" || typeof found !== "number" || found < 0 || found === want;
    })
  );
}

/** Faults of one side of a graph against its rules, a sentence each; `strict` also names what nobody would feed. */
function sideFaults(
  side: string,
  values: readonly InferenceSession.ValueMetadata[],
  rules: readonly TensorRule[],
  strict: boolean,
): string[] {
  const faults: string[] = [];
  for (const rule of rules) {
    const shapes = rule.shapes.map((s) => `[${s.join(",")}]`).join(" or ");
    const expected = `${rule.types.join(" or ")} ${shapes}`;
    const found = values.find((v) => v.name === rule.name);
    if (found === undefined) {
      if (rule.optional !== true)
        faults.push(`${side} "${rule.name}" is missing (expected ${expected})`);
      continue;
    }
    const good =
      found.isTensor &&
      rule.types.includes(found.type) &&
      rule.shapes.some((shape) => fits(found.shape, shape));
    if (!good)
      faults.push(`${side} "${rule.name}": found ${describe(found)}, expected ${expected}`);
  }
  if (strict) {
    for (const value of values) {
      if (!rules.some((rule) => rule.name === value.name)) {
        faults.push(`${side} "${value.name}" is not part of the contract`);
      }
    }
  }
  return faults;
}

/** Every way in which two graphs differ from a contract, a sentence each; empty when they fit. */
export function contractFaults(
  encoder: GraphSignature,
  decoder: GraphSignature,
  rules: ContractRules,
): string[] {
  return [
    ...sideFaults("encoder input", encoder.inputs, rules.encoderInputs, true),
    ...sideFaults("encoder output", encoder.outputs, rules.encoderOutputs, false),
    ...sideFaults("decoder input", decoder.inputs, rules.decoderInputs, true),
    ...sideFaults("decoder output", decoder.outputs, rules.decoderOutputs, false),
  ];
}
