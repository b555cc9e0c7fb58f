import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";

/** Whether a browser is there; says once what is missing. */
export function hasBrowser(): boolean {
  if (existsSync(CHROMIUM)) return true;
  console.warn(
    `skipped: ${CHROMIUM} is absent; apt-get install chromium, or set CHROMIUM_PATH to a Chromium.`,
  );
  return false;
}

/** Starts the system's Chromium, headless and talking to nobody of its own accord. */
export function launchBrowser() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-default-apps",
      "--disable-sync",
      "--no-first-run",
      "--font-render-hinting=none",
    ],
  });
}
