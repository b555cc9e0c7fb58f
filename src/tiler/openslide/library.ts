import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { LibraryHandle } from "koffi";
import type { Box, Size } from "../../geometry.ts";
import { MAX_ICC_BYTES, MAX_SIDE } from "../limits.ts";
import type { OpenSlideFacts, OpenSlideFault } from "./protocol.ts";

type Koffi = Pick<typeof import("koffi"), "load" | "sizeof" | "decode">;

/** A handle that the library gave; only its functions look inside. */
type OpenSlideHandle = { readonly brand: "openslide_t" };

/** Why a call of libopenslide did not give what was asked. */
export class OpenSlideFailure extends Error {
  readonly fault: OpenSlideFault;
  readonly version: string | null;
  constructor(fault: OpenSlideFault, message: string, version: string | null = null) {
    super(message);
    this.fault = fault;
    this.version = version;
  }
}

/** Names under which libopenslide is installed, the newest first. */
const USUAL_NAMES: Readonly<Record<string, readonly string[]>> = {
  darwin: ["", "/opt/homebrew/lib/", "/usr/local/lib/", "/opt/local/lib/"].flatMap((folder) =>
    ["1", "0"].map((version) => `${folder}libopenslide.${version}.dylib`),
  ),
  win32: ["libopenslide-1.dll", "libopenslide-0.dll"],
  other: ["libopenslide.so.1", "libopenslide.so.0"],
};

/**
 * Where libopenslide may be: OPENSLIDE_PATH alone where it is set (the library, or the folder that
 * holds it), else the usual names, for the system's loader to find.
 */
export function libraryCandidates(openslidePath: string | undefined): readonly string[] {
  if (openslidePath === undefined || openslidePath === "") {
    return USUAL_NAMES[process.platform] ?? USUAL_NAMES.other!;
  }
  if (!existsSync(openslidePath) || !statSync(openslidePath).isDirectory()) return [openslidePath];
  const held = readdirSync(openslidePath).filter((name) =>
    /^libopenslide[-.].*(so|dylib|dll)/.test(name),
  );
  // The higher number first: libopenslide.so.1 before .so.0.
  return held.sort((a, b) => b.localeCompare(a)).map((name) => join(openslidePath, name));
}

/** libopenslide as far as microtome calls it; every call but `readRegion` and `open` is quick. */
export class OpenSlideLibrary {
  readonly version: string;
  readonly #koffi: Koffi;
  readonly #library: LibraryHandle;
  // Called for every region: bound once.
  readonly #readRegion: ReturnType<LibraryHandle["func"]>;
  readonly #getError: ReturnType<LibraryHandle["func"]>;

  private constructor(koffi: Koffi, library: LibraryHandle) {
    this.#koffi = koffi;
    this.#library = library;
    this.#readRegion = library.func(
      "void openslide_read_region(void *slide, void *dest, int64_t x, int64_t y, int32_t level, int64_t w, int64_t h)",
    );
    this.#getError = library.func("const char *openslide_get_error(void *slide)");
    this.version = String(library.func("const char *openslide_get_version()")());
  }

  /** Loads the first candidate that can be loaded. Throws OpenSlideFailure `no-koffi`, `no-library`. */
  static async load(
    candidates: readonly string[],
    importKoffi: () => Promise<Koffi> = () => import("koffi"),
  ): Promise<OpenSlideLibrary> {
    const koffi = await importKoffi().catch((error: Error) => {
      throw new OpenSlideFailure("no-koffi", error.message);
    });
    const reasons: string[] = [];
    for (const candidate of candidates) {
      try {
        return new OpenSlideLibrary(koffi, koffi.load(candidate));
      } catch (error) {
        reasons.push(`${candidate}: ${(error as Error).message}`);
      }
    }
    throw new OpenSlideFailure("no-library", reasons.join("; ") || "the folder holds none");
  }

  /** Opens a slide. Throws OpenSlideFailure `not-recognised`, `openslide-error`. */
  async open(path: string, cacheBytes: number): Promise<OpenSlideHandle> {
    const open = this.#library.func("void *openslide_open(const char *path)");
    const handle = (await this.#async(open, path)) as OpenSlideHandle | null;
    if (!handle) {
      throw new OpenSlideFailure("not-recognised", "it knows no such format", this.version);
    }
    try {
      this.check(handle);
    } catch (error) {
      this.close(handle);
      throw error;
    }
    if (this.#has("openslide_cache_create")) {
      const create = this.#library.func("void *openslide_cache_create(size_t bytes)");
      const cache = create(cacheBytes);
      this.#library.func("void openslide_set_cache(void *slide, void *cache)")(handle, cache);
      this.#library.func("void openslide_cache_release(void *cache)")(cache);
    }
    return handle;
  }

  close(handle: OpenSlideHandle): void {
    this.#library.func("void openslide_close(void *slide)")(handle);
  }

  /** Throws what went wrong with a handle since it was opened; after that it reads nothing more. */
  check(handle: OpenSlideHandle): void {
    const error = this.#getError(handle);
    if (error !== null) throw new OpenSlideFailure("openslide-error", String(error), this.version);
  }

  /** Premultiplied ARGB, one word a pixel. Throws OpenSlideFailure. */
  async readRegion(
    handle: OpenSlideHandle,
    level: number,
    level0: { readonly x: number; readonly y: number },
    size: Size,
  ): Promise<Uint32Array> {
    const argb = new Uint32Array(size.width * size.height);
    await this.#async(
      this.#readRegion,
      handle,
      argb,
      level0.x,
      level0.y,
      level,
      size.width,
      size.height,
    );
    this.check(handle);
    return argb;
  }

  /** What the slide is. Throws OpenSlideFailure. */
  facts(handle: OpenSlideHandle): OpenSlideFacts {
    const property = (name: string): string | null => this.#property(handle, `openslide.${name}`);
    const facts = {
      version: this.version,
      vendor: property("vendor") ?? "unknown",
      mppX: property("mpp-x"),
      mppY: property("mpp-y"),
      objectivePower: property("objective-power"),
      bounds: toBox(["x", "y", "width", "height"].map((side) => property(`bounds-${side}`))),
      levels: this.#levels(handle),
      associated: this.#associated(handle),
      iccProfile: this.#iccProfile(handle),
    };
    this.check(handle);
    return facts;
  }

  #property(handle: OpenSlideHandle, name: string): string | null {
    const get = this.#library.func(
      "const char *openslide_get_property_value(void *slide, const char *name)",
    );
    return get(handle, name) as string | null;
  }

  #levels(handle: OpenSlideHandle): OpenSlideFacts["levels"] {
    const count = Number(
      this.#library.func("int32_t openslide_get_level_count(void *slide)")(handle),
    );
    const dimensions = this.#library.func(
      "void openslide_get_level_dimensions(void *slide, int32_t level, _Out_ int64_t *w, _Out_ int64_t *h)",
    );
    const downsample = this.#library.func(
      "double openslide_get_level_downsample(void *slide, int32_t level)",
    );
    return Array.from({ length: Math.max(0, count) }, (_, level) => {
      const [width, height] = [[0], [0]];
      dimensions(handle, level, width, height);
      const tile = ["width", "height"].map((side) =>
        Number(this.#property(handle, `openslide.level[${level}].tile-${side}`)),
      );
      const tiled = tile.every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE);
      return {
        size: { width: Number(width![0]), height: Number(height![0]) },
        downsample: Number(downsample(handle, level)),
        tileSize: tiled ? { width: tile[0]!, height: tile[1]! } : null,
      };
    });
  }

  /** A list of C strings that ends with a null pointer. */
  #associated(handle: OpenSlideHandle): string[] {
    const list = this.#library.func("void *openslide_get_associated_image_names(void *slide)")(
      handle,
    );
    const names: string[] = [];
    const pointerBytes = this.#koffi.sizeof("void *");
    for (let i = 0; list !== null && i < MOST_ASSOCIATED; i++) {
      const name = this.#koffi.decode(list, i * pointerBytes, "const char *") as string | null;
      if (name === null) break;
      names.push(name);
    }
    return names.sort();
  }

  /** OpenSlide 4 and newer. */
  #iccProfile(handle: OpenSlideHandle): Uint8Array | null {
    if (!this.#has("openslide_get_icc_profile_size")) return null;
    const bytes = Number(
      this.#library.func("int64_t openslide_get_icc_profile_size(void *slide)")(handle),
    );
    if (bytes <= 0) return null;
    if (bytes > MAX_ICC_BYTES) return new Uint8Array(0);
    const profile = new Uint8Array(bytes);
    this.#library.func("void openslide_read_icc_profile(void *slide, void *dest)")(handle, profile);
    return profile;
  }

  #has(symbol: string): boolean {
    try {
      this.#library.func(symbol, "void", []);
      return true;
    } catch {
      return false;
    }
  }

  /** On a thread of libuv's, so that this process still hears that its parent has gone. */
  #async(call: ReturnType<LibraryHandle["func"]>, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      call.async(...args, (error: Error | null, result: unknown) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  }
}

/** A slide has a label, a macro and a thumbnail; more than this is not listed. */
const MOST_ASSOCIATED = 64;

function toBox(parts: readonly (string | null)[]): Box | null {
  const [x, y, width, height] = parts.map((part) => (part === null ? Number.NaN : Number(part)));
  if (![x, y, width, height].every(Number.isSafeInteger) || width! <= 0 || height! <= 0)
    return null;
  return { x: x!, y: y!, width: width!, height: height! };
}
