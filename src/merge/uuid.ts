import { hash } from "node:crypto";

/** microtome's own namespace for names of objects: a random UUID, fixed for ever. */
export const UUID_NAMESPACE: Uint8Array = Buffer.from("6f1d2c0e9b7a4c55a3e84b1f70c9d2e6", "hex");

/**
 * The UUID of version 5 (RFC 9562: SHA-1 of namespace and name) in microtome's namespace, lower case.
 * A string is taken as UTF-8.
 */
export function uuidV5(name: string | Uint8Array): string {
  const bytes = typeof name === "string" ? Buffer.from(name, "utf8") : name;
  const named = Buffer.allocUnsafe(UUID_NAMESPACE.length + bytes.length);
  named.set(UUID_NAMESPACE);
  named.set(bytes, UUID_NAMESPACE.length);
  return uuidOfNamed(named);
}

/** The same of bytes that begin with {@link UUID_NAMESPACE}, for who writes many names. */
export function uuidOfNamed(named: Uint8Array): string {
  const hex = hash("sha1", named, "hex");
  // The version, 5, and the variant, binary 10, take the place of six bits.
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
