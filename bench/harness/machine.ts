import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** What the figures of a run were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly platform: string;
  /** Processes that wanted the processor in the minute before the run: above 1, the figures are noisy. */
  readonly loadBefore: number;
}

/** The machine as it is now. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

/** One sentence about a machine. */
export function formatMachine(machine: Machine): string {
  const { cpu, cores, memoryGiB, node, platform, loadBefore } = machine;
  return `${cores} cores (${cpu}), ${memoryGiB} GiB, ${platform}, Node ${node}; load before the run ${loadBefore}.`;
}
