import Flatbush from "flatbush";
import { type Box, ringBox, uniteBoxes } from "../../src/geometry.ts";
import type { Instance } from "../../src/merge/instance.ts";
import type { InstanceSource, PlacedInstance } from "../../src/store/instance-source.ts";

/** Objects in memory, indexed; `count` may claim more than there are. */
export function memorySource(instances: readonly Instance[], count?: number): InstanceSource {
  const boxes = instances.map(({ polygon }) => ringBox(polygon.outer));
  const index = boxes.length === 0 ? null : new Flatbush(boxes.length);
  for (const { x, y, width, height } of boxes) index!.add(x, y, x + width, y + height);
  index?.finish();
  return {
    count: count ?? instances.length,
    extent: boxes.length === 0 ? null : boxes.reduce(uniteBoxes),
    async *all(): AsyncGenerator<Instance, void, void> {
      yield* instances;
    },
    async *within({ x, y, width, height }: Box): AsyncGenerator<PlacedInstance, void, void> {
      const found = index?.search(x, y, x + width, y + height) ?? [];
      for (const i of found.sort((a, b) => a - b)) yield { index: i, instance: instances[i]! };
    },
  };
}
