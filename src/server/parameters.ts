import type { Request } from "express";
import { HttpError } from "./http-error.ts";

/** A part of the address, as text. */
export function textPart(request: Request, name: string): string {
  const value = request.params[name];
  return typeof value === "string" ? value : "";
}

/** A part of the address that is a whole number from 0. Throws 400. */
export function numberPart(request: Request, name: string): number {
  const text = textPart(request, name);
  if (!/^\d{1,8}$/.test(text)) {
    throw new HttpError(400, "usage", `${name} in the address must be a whole number from 0.`);
  }
  return Number(text);
}

/** The whole address of a request. Throws 400 where it is none, as "//" is. */
export function addressOf(request: Request): URL {
  try {
    return new URL(request.originalUrl, "http://host");
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
