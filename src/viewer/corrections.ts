import type { CorrectionsInfo } from "../server/api.ts";
import { element } from "./element.ts";
import { formatCount } from "./quantities.ts";

const WHEN = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" });

/** Says that objects were corrected and how, and lets one see the model's own; `onSwitch` is given the run's id to show. */
export function correctionsPart(
  corrections: CorrectionsInfo,
  onSwitch: (run: string) => void,
): HTMLElement {
  const { shown } = corrections;
  const option = (value: CorrectionsInfo["shown"], text: string) =>
    element(
      "label",
      {},
      element("input", { type: "radio", name: "objects-shown", value, checked: value === shown }),
      text,
    );
  const choice = element(
    "div",
    { class: "choice", role: "radiogroup", "aria-label": "Objects shown" },
    option("corrected", "Corrected"),
    option("original", "Model's own"),
  );
  choice.addEventListener("change", (event) => {
    const { value } = event.target as HTMLInputElement;
    onSwitch(value === "original" ? corrections.original : corrections.corrected);
  });
  return element(
    "div",
    { id: "corrections", "data-shown": shown },
    choice,
    element("p", { class: "quiet" }, inWords(corrections)),
  );
}

function inWords({ shown, about }: CorrectionsInfo): string {
  const these =
    shown === "corrected"
      ? "These objects were corrected by someone"
      : "These are the model's own objects, before they were corrected";
  if (!about) return `${these}.`;
  const when = about.at === null ? "" : ` on ${WHEN.format(new Date(about.at))}`;
  const [changed, added, deleted] = [about.changed, about.added, about.deleted].map(formatCount);
  const counts = `${changed} changed, ${added} added, ${deleted} deleted`;
  return `${these}, imported from ${about.file}${when}: ${counts}.`;
}
