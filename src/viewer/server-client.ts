import type {
  ApiError,
  ClickAnswer,
  ClickReadiness,
  CountAnswer,
  HitAnswer,
  ItemList,
  RunInfo,
  SlideInfo,
} from "../server/api.ts";

/** A request that failed, in words fit for the page. */
export class RequestFailed extends Error {
  override readonly name = "RequestFailed";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What can be looked at. */
export const listItems = () => getJson<ItemList>("/api/items");

export const getSlide = (id: string) => getJson<SlideInfo>(`/api/slides/${id}`);

export const getRun = (id: string) => getJson<RunInfo>(`/api/runs/${id}`);

/** The object at a point, or the nearest within reach. Level-0 px. */
export const hitTest = (run: string, x: number, y: number, reach: number) =>
  getJson<HitAnswer>(`/api/runs/${run}/at?x=${x}&y=${y}&reach=${reach}`);

/** How many objects lie in a box. Level-0 px. */
export const countObjects = (
  run: string,
  box: { x: number; y: number; width: number; height: number },
  signal: AbortSignal,
) => {
  const query = `x=${box.x}&y=${box.y}&width=${box.width}&height=${box.height}`;
  return getJson<CountAnswer>(`/api/runs/${run}/count?${query}`, signal);
};

/** A measurement of every object, by index. `version` keeps answers of an older run apart. */
export async function getColumn(
  run: string,
  measurement: number,
  version: string,
): Promise<Float32Array> {
  return new Float32Array(await getBytes(`/api/runs/${run}/columns/${measurement}?v=${version}`));
}

/** What is asked of a click, level-0 px. */
export interface ClickPrompt {
  /** Label 1 on the object, 0 beside it. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly label: 0 | 1 }[];
  readonly box?: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
}

/** What of a slide is segmented. */
export interface ClickTarget {
  readonly slide: string;
  readonly task: string;
  /** µm per level-0 px that a run was told; the file's own where left out. */
  readonly slideMpp?: number;
}

/** The objects under a click. */
export const sendClick = (target: ClickTarget, prompt: ClickPrompt, signal: AbortSignal) =>
  postClick<ClickAnswer>("segment", target, prompt, signal);

/** Opens the task's model, tells what it takes, and makes the place of a prompt ready. */
export const prepareClick = (target: ClickTarget, prompt: ClickPrompt, signal?: AbortSignal) =>
  postClick<ClickReadiness>("segment/prepare", target, prompt, signal);

/** Fetches bytes. Throws {@link RequestFailed}. */
export async function getBytes(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await get(url, signal)).arrayBuffer();
}

async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  return (await get(url, signal)).json() as Promise<T>;
}

async function postClick<T>(
  what: string,
  { slide, ...target }: ClickTarget,
  prompt: ClickPrompt,
  signal?: AbortSignal,
): Promise<T> {
  const init = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...target, ...prompt }),
  };
  return (await get(`/api/slides/${slide}/${what}`, signal, init)).json() as Promise<T>;
}

async function get(url: string, signal?: AbortSignal, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, signal ? { ...init, signal } : init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestFailed(
      "unreachable",
      "The microtome server does not answer. Is it still running in its terminal?",
    );
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => null)) as ApiError | null;
  throw new RequestFailed(
    body?.error.code ?? "internal",
    body?.error.message ?? `The server answered with status ${response.status}.`,
  );
}
