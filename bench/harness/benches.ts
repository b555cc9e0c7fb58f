import { clickBench } from "../click/bench.ts";
import { exportBench } from "../export/bench.ts";
import { masksBench } from "../masks/bench.ts";
import { mergeBench } from "../merge/bench.ts";
import { modelBench } from "../model/bench.ts";
import { pipelineBench } from "../pipeline/bench.ts";
import { readingBench } from "../reading/bench.ts";
import { seamsBench } from "../seams/bench.ts";
import { servingBench } from "../serving/bench.ts";
import { storeBench } from "../store/bench.ts";

/** A comparison that can be run by name. */
export interface Bench {
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** Options, a line each. */
  readonly usage: string;
  run(args: readonly string[]): Promise<void>;
}

/** All benches, in the order in which they are listed. */
export const BENCHES: readonly Bench[] = [
  readingBench,
  servingBench,
  modelBench,
  masksBench,
  pipelineBench,
  storeBench,
  clickBench,
  mergeBench,
  seamsBench,
  exportBench,
];
