import { createHash } from "node:crypto";

/** microtome's own namespace for names of objects: a random UUID, fixed for ever. */
const NAMESPACE = Buffer.from("6f1d2c0e9b7a4c55a3e84b1f70c9d2e6", "hex");

/** The UUID of version 5 (RFC 9562: SHA-1 of namespace and name) in microtome's namespace, lower case. */
export function uuidV5(name: string): string {
  const hash = createHash("sha1").update(NAMESPACE).update(name, "utf8").digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
