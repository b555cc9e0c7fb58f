import type { ProgressEvent, ProgressListener } from "../pipeline/progress.ts";
import type { Terminal } from "./command.ts";

const TERMINAL_EVERY_MS = 100;
const PLAIN_EVERY_MS = 10_000;

/**
 * Shows a run's progress on stderr: one line that is drawn over on a terminal, a plain line every
 * ten seconds (and at the end) elsewhere. Rate and time left are of this start alone.
 */
export function createProgressLine(terminal: Terminal, label = ""): ProgressListener {
  const prefix = label ? `${label}: ` : "";
  const line = createPacedLine(terminal);
  let stageStarted = performance.now();
  let lastStage = "";
  return (event) => {
    const now = performance.now();
    const fresh = event.stage !== lastStage;
    if (fresh) {
      lastStage = event.stage;
      stageStarted = now;
    }
    const finished = event.total > 0 && event.done === event.total;
    line(
      prefix + describe(event, (now - stageStarted) / 1000),
      finished || fresh,
      finished && event.stage !== "merge",
    );
  };
}

/**
 * A line on stderr that is drawn over on a terminal, and plain lines now and then elsewhere. What comes
 * too soon is dropped unless it is `due`; `last` leaves it standing.
 */
export function createPacedLine(
  terminal: Terminal,
): (text: string, due: boolean, last?: boolean) => void {
  const live = terminal.stderr.isTTY === true;
  let lastShown = 0;
  return (text, due, last = due) => {
    const now = performance.now();
    if (!due && now - lastShown < (live ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS)) return;
    lastShown = now;
    if (!live) {
      terminal.stderr.write(`${text}\n`);
      return;
    }
    const width = Math.max(20, (terminal.stderr.columns ?? 80) - 1);
    terminal.stderr.write(`\r\u001b[2K${text.slice(0, width)}`);
    if (last) terminal.stderr.write("\n");
  };
}

/** Ends a line that is being drawn over, so that what follows starts on its own. */
export function endProgressLine(terminal: Terminal): void {
  if (terminal.stderr.isTTY) terminal.stderr.write("\r\u001b[2K");
}

const STAGE_TEXT = {
  open: "opening the slide",
  tissue: "finding tissue",
  model: "loading the model",
  segment: "segmenting",
  merge: "joining seams and writing",
} as const;

function describe(event: ProgressEvent, seconds: number): string {
  const text = STAGE_TEXT[event.stage];
  if (event.stage !== "segment" || event.total === 0) return text;
  const fresh = event.done - event.resumed;
  const rate = fresh / Math.max(seconds, 1e-3);
  const left = event.total - event.done;
  const percent = Math.floor((100 * event.done) / event.total);
  const parts = [`${text} ${event.done}/${event.total} patches (${percent} %)`];
  if (fresh > 0) parts.push(`${rate.toFixed(1)} patches/s`);
  if (fresh > 0 && left > 0) parts.push(`${formatSeconds(left / rate)} left`);
  if (event.failed > 0) parts.push(`${event.failed} failed`);
  return parts.join(", ");
}

/** 75 → "1 min 15 s". */
export function formatSeconds(seconds: number): string {
  if (seconds < 59.5) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
