import { byId } from "./element.ts";
import { RequestFailed } from "./server-client.ts";

/** Says something above the slide until it is closed. */
export function tell(text: string, tone: "bad" | "calm" = "bad"): void {
  byId("notice-text").textContent = text;
  byId("notice").dataset.tone = tone;
  byId("notice").hidden = false;
}

/** Says what went wrong. */
export function fail(error: unknown): void {
  tell(
    error instanceof RequestFailed
      ? error.message
      : `Something went wrong in this page (${error instanceof Error ? error.message : error}). Reload it.`,
  );
}

export function hideNotice(): void {
  byId("notice").hidden = true;
}
