/** What the part after the # of the page's address says: what is shown and where. */
export interface PageAddress {
  /** Id of a slide or a run. */
  readonly item: string | null;
  /** Middle of the view in level-0 px, and CSS px per level-0 px. */
  readonly place: { readonly x: number; readonly y: number; readonly scale: number } | null;
}

/** Reads "#item=…&x=…&y=…&scale=…"; what is missing or no number is null. */
export function readAddress(hash: string): PageAddress {
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const number = (name: string) => {
    const text = values.get(name);
    return text === null || text === "" ? Number.NaN : Number(text);
  };
  const place = { x: number("x"), y: number("y"), scale: number("scale") };
  const whole = Object.values(place).every(Number.isFinite) && place.scale > 0;
  return { item: values.get("item"), place: whole ? place : null };
}

/** The opposite of readAddress. */
export function writeAddress({ item, place }: PageAddress): string {
  const parts: string[] = [];
  if (item) parts.push(`item=${encodeURIComponent(item)}`);
  if (place) {
    parts.push(`x=${Math.round(place.x)}`, `y=${Math.round(place.y)}`);
    parts.push(`scale=${Number(place.scale.toPrecision(4))}`);
  }
  return `#${parts.join("&")}`;
}
