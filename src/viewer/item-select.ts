import type { ItemList, RunRef, SlideRef } from "../server/api.ts";
import { element } from "./element.ts";
import { formatCount } from "./quantities.ts";

/** What is on screen: a slide, with or without a run over it. */
export interface Item {
  readonly id: string;
  readonly slide: string | null;
  readonly run: RunRef | null;
  readonly label: string;
}

/** Every slide by itself, each followed by its runs; then runs whose slide is not there. */
export function itemsOf(list: ItemList): Item[] {
  const items: Item[] = [];
  for (const slide of list.slides) {
    const runs = list.runs.filter((run) => run.slide === slide.id);
    items.push(...runs.map(runItem));
    items.push({ id: slide.id, slide: slide.id, run: null, label: slideLabel(slide) });
  }
  items.push(...list.runs.filter((run) => run.slide === null).map(runItem));
  return items;
}

function runItem(run: RunRef): Item {
  const count = `${formatCount(run.objects)} ${run.objects === 1 ? "object" : "objects"}`;
  const label = `${run.slideName} · ${run.task}, ${count}`;
  return { id: run.id, slide: run.slide, run, label };
}

function slideLabel(slide: SlideRef): string {
  return slide.folder === "" ? slide.name : `${slide.folder}/${slide.name}`;
}

/** Fills the choice of items; it is hidden where there is nothing to choose. */
export function fillItemSelect(select: HTMLSelectElement, items: readonly Item[], now: Item): void {
  select.replaceChildren(...items.map(({ id, label }) => element("option", { value: id }, label)));
  select.value = now.id;
  select.hidden = items.length < 2;
}
