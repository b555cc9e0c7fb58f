import { Tensor } from "onnxruntime-node";
import { ModelContractError } from "../../errors.ts";

/** One tensor of an embedding; every contract's are float32. */
export interface EmbeddingTensor {
  readonly dims: readonly number[];
  /** As many values as `dims` multiply to. */
  readonly data: Float32Array;
}

/** What an encoder makes of a patch, as plain values: it can be kept, stored, and prompted again later. */
export interface Embedding {
  /** Encoder input px per patch px. */
  readonly scale: number;
  /** By the names of the encoder's outputs. */
  readonly tensors: Readonly<Record<string, EmbeddingTensor>>;
}

/** An encoder's answer as an embedding; outputs that are not named, or that are not there, are left out. */
export function embeddingOf(
  answer: Readonly<Record<string, Tensor | undefined>>,
  names: readonly string[],
  scale: number,
): Embedding {
  const tensors = names.flatMap((name): [string, EmbeddingTensor][] => {
    const tensor = answer[name];
    return tensor ? [[name, { dims: tensor.dims, data: tensor.data as Float32Array }]] : [];
  });
  return { scale, tensors: Object.fromEntries(tensors) };
}

/** One tensor of an embedding for a decoder. Throws ModelContractError where it is not there or not whole. */
export function tensorOf({ tensors }: Embedding, name: string): Tensor {
  const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (found === undefined) {
    throw new ModelContractError(
      `an embedding has ${Object.keys(tensors).join(", ") || "nothing"}, expected "${name}" too: it was made by another model`,
      { name },
    );
  }
  const values = found.dims.reduce((product, side) => product * side, 1);
  if (found.data.length !== values) {
    throw new ModelContractError(
      `an embedding's "${name}" has ${found.data.length} values, expected ${found.dims.join(" × ")}`,
      { name, found: found.data.length, expected: values },
    );
  }
  return new Tensor("float32", found.data, found.dims);
}
