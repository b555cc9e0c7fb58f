import { Random } from "../../samples/painter/random.ts";

/** One thing that is measured; a call does it once and returns what was measured. */
export interface Measured<T> {
  readonly name: string;
  once(round: number): Promise<T>;
}

/**
 * Measures every contender once a round, each round in a new seeded order.
 *
 * What slows a shared machine down for a while then slows all of them, and none always runs behind
 * the same other. `warmups` rounds come first and are not kept. Returns the values by name, in
 * order of rounds.
 */
export async function interleave<T>(
  contenders: readonly Measured<T>[],
  plan: { readonly rounds: number; readonly warmups?: number; readonly seed: number },
): Promise<ReadonlyMap<string, readonly T[]>> {
  const random = new Random(plan.seed);
  const values = new Map<string, T[]>(contenders.map(({ name }) => [name, []]));
  for (let round = -(plan.warmups ?? 0); round < plan.rounds; round++) {
    for (const contender of shuffled(contenders, random)) {
      const value = await contender.once(Math.max(0, round));
      if (round >= 0) values.get(contender.name)!.push(value);
    }
  }
  return values;
}

/** The items in an order that the randomness decides. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
