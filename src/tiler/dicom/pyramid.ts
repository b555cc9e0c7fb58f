import { UnsupportedSlideError } from "../../errors.ts";
import { damagedDicom } from "./damaged.ts";
import type { DicomInstance, OpticalPath } from "./instance.ts";
import { type DicomPicture, openPicture } from "./level.ts";
import { type PictureFiles, pathIds } from "./tile-map.ts";

/** One level of a slide, and what of it is not shown. */
export interface DicomLevel {
  /** What holds its optical paths: one picture, or several. */
  readonly pictures: readonly DicomPicture[];
  readonly paths: readonly OpticalPath[];
  /** In words: focal planes that are not read. */
  readonly unread: readonly string[];
}

/**
 * Sorts files into levels, finest first: files of one concatenation are one picture, pictures of one
 * size are one level if they hold different optical paths or focal planes.
 *
 * Where two files hold the same, `named` is taken. Throws CorruptSlideError for a concatenation that
 * is not whole, UnsupportedSlideError for two pictures that claim one place.
 */
export async function groupLevels(
  instances: readonly DicomInstance[],
  named: string | null,
): Promise<DicomLevel[]> {
  const bySize = new Map<string, PictureFiles[]>();
  for (const files of joinConcatenations(instances)) {
    const { width, height } = files[0].matrix;
    const key = `${width}×${height}`;
    const group = bySize.get(key);
    if (group) group.push(files);
    else bySize.set(key, [files]);
  }
  const levels: DicomLevel[] = [];
  for (const group of bySize.values()) levels.push(await makeLevel(group, named));
  const area = ({ pictures }: DicomLevel) => {
    const { width, height } = pictures[0]!.files[0].matrix;
    return width * height;
  };
  return levels.sort((a, b) => area(b) - area(a));
}

function joinConcatenations(instances: readonly DicomInstance[]): PictureFiles[] {
  const pictures: PictureFiles[] = [];
  const parts = new Map<string, [DicomInstance, ...DicomInstance[]]>();
  for (const instance of instances) {
    if (!instance.concatenation) {
      pictures.push([instance]);
      continue;
    }
    const { id } = instance.concatenation;
    const group = parts.get(id);
    // The same file twice, under two names.
    if (group?.some(({ sopInstance }) => sopInstance === instance.sopInstance)) continue;
    if (group) group.push(instance);
    else parts.set(id, [instance]);
  }
  for (const group of parts.values()) {
    group.sort((a, b) => a.concatenation!.firstFrame - b.concatenation!.firstFrame);
    requireWhole(group);
    pictures.push(group);
  }
  return pictures;
}

function requireWhole(group: PictureFiles): void {
  const [first] = group;
  let next = 0;
  for (const { source, concatenation, frames, matrix, tile } of group) {
    if (concatenation!.firstFrame !== next) {
      throw damagedDicom(
        source.path,
        `it goes on at frame ${concatenation!.firstFrame + 1} of a level whose files hold ${next} frames before it: one of them is not in the folder`,
      );
    }
    const same =
      matrix.width === first.matrix.width &&
      matrix.height === first.matrix.height &&
      tile.width === first.tile.width &&
      tile.height === first.tile.height;
    if (!same) throw damagedDicom(source.path, "it and another file of its level differ in size");
    next += frames;
  }
  const total = first.concatenation!.total;
  if (total !== null && total > group.length) {
    throw damagedDicom(
      first.source.path,
      `${total} files hold its level, of which ${group.length} are in the folder`,
    );
  }
}

async function makeLevel(
  group: readonly PictureFiles[],
  named: string | null,
): Promise<DicomLevel> {
  const isNamed = (files: PictureFiles) => files.some(({ source }) => source.path === named);
  // The file that was asked for comes first, then the planes from the glass upwards.
  const sorted = [...group].sort(
    (a, b) => Number(isNamed(b)) - Number(isNamed(a)) || (a[0].z ?? 0) - (b[0].z ?? 0),
  );
  const kept: PictureFiles[] = [];
  let planes = 0;
  for (const files of sorted) {
    const rival = kept.find((other) =>
      pathIds(other[0]).some((id) => pathIds(files[0]).includes(id)),
    );
    if (!rival) {
      kept.push(files);
    } else if (rival[0].z !== null && files[0].z !== null && rival[0].z !== files[0].z) {
      planes++;
    } else if (rival[0].sopInstance !== files[0].sopInstance && !isNamed(rival)) {
      const { width, height } = files[0].matrix;
      throw new UnsupportedSlideError(
        `${rival[0].source.path} and ${files[0].source.path} both claim to be the level of ${width}×${height} px; open the one that is meant, or take the other out of the folder.`,
        { path: files[0].source.path, other: rival[0].source.path },
      );
    }
  }
  const [first] = kept;
  const { tile } = first![0];
  const pictures: DicomPicture[] = [];
  for (const files of kept) {
    const fits = files[0].tile.width === tile.width && files[0].tile.height === tile.height;
    if (fits) pictures.push(await openPicture(files));
    else throw damagedDicom(files[0].source.path, "its frames have another size than its level's");
  }
  planes += pictures[0]!.map.planes - 1;
  return {
    pictures,
    paths: kept.flatMap(([{ opticalPaths }]) => opticalPaths),
    unread: Array.from({ length: Math.min(planes, MOST_PLANES) }, (_, i) => `focal plane ${i + 2}`),
  };
}

/** Planes that are named one by one. */
const MOST_PLANES = 99;
