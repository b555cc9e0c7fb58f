// Stands for the process that holds libopenslide, and misbehaves by where it is asked to read:
// x = 1000 ends it as a crash does, 2000 never answers, 3000 reports an error; else every pixel is x % 251.
// Plain JavaScript: it starts in a tenth of the time. Messages as in src/tiler/openslide/protocol.ts.
let opens = 0;

process.on("message", ({ id, body }) => {
  const reply = (answer) => process.send?.({ id, body: answer });
  if (body.kind === "open") {
    opens++;
    const levels = [{ size: { width: 1 << 20, height: 64 }, downsample: 1, tileSize: null }];
    const nothing = { mppX: "0,25", mppY: "0.25", objectivePower: "40", bounds: null };
    const facts = { version: "9.9.9", vendor: "odd", levels, associated: [], iccProfile: null };
    reply({ ok: true, kind: "facts", facts: { ...facts, ...nothing } });
    return;
  }
  if (opens !== 1) throw new Error("opened twice");
  if (body.x === 1000) {
    process.stderr.write("a last word\n");
    process.kill(process.pid, "SIGSEGV");
  } else if (body.x === 2000) {
    setInterval(() => {}, 1000);
  } else if (body.x === 3000) {
    reply({ ok: false, fault: "openslide-error", message: "bad tile", version: "9.9.9" });
  } else {
    const data = new Uint8Array(body.width * body.height * 3).fill(body.x % 251);
    reply({ ok: true, kind: "pixels", data });
  }
});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
