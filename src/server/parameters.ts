import type { IncomingMessage } from "node:http";
import type { Request } from "express";
import { HttpError } from "./http-error.ts";

/** A part of the address, as text. */
export function textPart(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === "string" ? value : "";
}

/** A part of the address that is a whole number from 0. Throws 400. */
export function numberPart(request: Request, name: string): number {
  return wholeNumber(textPart(request, name), name);
}

/** Text as a whole number from 0. Throws 400 under the part's name. */
export function wholeNumber(text: string, name: string): number {
  if (!/^\d{1,8}$/.test(text)) {
    throw new HttpError(400, "usage", `${name} in the address must be a whole number from 0.`);
  }
  return Number(text);
}

/** The whole address of a request. Throws 400 where it is none, as "//" is. */
export function addressOf(request: IncomingMessage): URL {
  try {
    // Express cuts off of `url` what a router has dealt with.
    const whole = "originalUrl" in request ? String(request.originalUrl) : (request.url ?? "");
    return new URL(whole, "http://host");
  } catch {
    throw new HttpError(400, "usage", "The address cannot be read; it must begin with one slash.");
  }
}

/** A finite number after the "?" of the address. Throws 400 where it is absent and has no default. */
export function queryNumber(request: Request, name: string, otherwise?: number): number {
  const text = addressOf(request).searchParams.get(name);
  if (text === null && otherwise !== undefined) return otherwise;
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) {
    throw new HttpError(400, "usage", `The address needs ${name}=<number> after its "?".`);
  }
  return value;
}
