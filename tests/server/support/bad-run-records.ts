/** Contents of a run.json that is no run record, or not a whole one. */
export const badRunRecords: readonly { readonly name: string; readonly text: string }[] = [
  { name: "two fields", text: '{"format":1,"task":"nuclei"}' },
  { name: "nothing", text: "" },
  { name: "cut off", text: '{"format":1,"state":"do' },
  { name: "null", text: "null" },
  { name: "another format", text: '{"format":2}' },
  { name: "of another program", text: '{"version":"2.0.0","tasks":[]}' },
  { name: "a slide that is null", text: whole({ slide: null }) },
  { name: "a slide without a path", text: whole({ slide: { name: "a.tif", fingerprint: "0" } }) },
  { name: "no scale", text: whole({ mpp: undefined }) },
  { name: "a model that is text", text: whole({ model: "nuclei" }) },
  { name: "files that are no list", text: whole({ files: {} }) },
  { name: "a task that leads elsewhere", text: whole({ task: "../../nuclei" }) },
  { name: "a key that leads elsewhere", text: whole({ key: "/../../a" }) },
];

function whole(changes: object): string {
  return JSON.stringify({
    format: 1,
    state: "done",
    software: { name: "microtome", version: "0.1.0" },
    key: "0".repeat(64),
    task: "nuclei",
    slide: { name: "a.tif", path: "a.tif", bytes: 1, fingerprint: "0".repeat(64) },
    mpp: { slide: 0.25, source: "vendor", used: 0.25 },
    model: { name: "m", version: "1", sha256: "0".repeat(64) },
    parameters: {},
    patches: { planned: 1, skipped: 0, done: 1, failed: 0 },
    counts: { objects: 0 },
    areaMm2: 0,
    seconds: {},
    failures: [],
    files: [],
    ...changes,
  });
}
