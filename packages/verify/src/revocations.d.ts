import type { Revocations } from "./verifier.js";

/** The required part of a KV namespace of Cloudflare Workers. */
export interface RevocationNamespace {
  get(key: string): Promise<string | null>;
}

/**
 * Looks up revoked sessions in the KV namespace that the service on Cloudflare Workers writes: a session is revoked if
 * the key `revoked:` plus its `sid` exists. KV can be up to a minute late.
 */
export declare function kvRevocations(namespace: RevocationNamespace): Revocations;
