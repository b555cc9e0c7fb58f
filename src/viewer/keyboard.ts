import { element } from "./element.ts";

/** What a key does. */
export interface KeyBinding {
  /** As KeyboardEvent.key gives them; letters in lower case. */
  readonly keys: readonly string[];
  /** As people read them. */
  readonly label: readonly string[];
  readonly text: string;
  readonly run: (key: string, shift: boolean) => void;
}

/** Runs bindings for keys pressed anywhere but in a form's field or with a modifier. */
export function bindKeys(bindings: readonly KeyBinding[]): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    if (target.matches("select, input, textarea") || target.closest("dialog[open]")) return;
    // On a button or a link Enter is its own.
    if (event.key === "Enter" && target.closest("button, a, summary")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const binding = bindings.find(({ keys }) => keys.includes(key));
    if (!binding) return;
    event.preventDefault();
    binding.run(key, event.shiftKey);
  });
}

/** Rows of the table of keys. */
export function keyRows(bindings: readonly KeyBinding[]): HTMLElement[] {
  return bindings.map(({ label, text }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, ...label.map((key) => element("kbd", {}, key))),
      element("td", {}, text),
    ),
  );
}
