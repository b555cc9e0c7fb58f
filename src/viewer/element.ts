type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** Makes an element: attributes (null and false are left out, true is empty), then text or children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** The element of the page with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** A section of the side panel under a heading of its own. */
export function section(id: string, heading: string, ...children: (Node | string)[]): HTMLElement {
  const title = element("h2", { id: `${id}-title` }, heading);
  return element(
    "section",
    { id, class: "section", "aria-labelledby": title.id },
    title,
    ...children,
  );
}

/** A list of named facts; those without a value are left out. */
export function facts(entries: readonly (readonly [string, Node | string | null])[]): HTMLElement {
  const list = element("dl", { class: "facts" });
  for (const [name, value] of entries) {
    if (value !== null) list.append(element("dt", {}, name), element("dd", {}, value));
  }
  return list;
}
