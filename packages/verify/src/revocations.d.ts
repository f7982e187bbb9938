import type { Revocations } from "./verifier.js";

/** What is needed of a KV namespace of Cloudflare Workers. */
export interface RevocationNamespace {
  get(key: string): Promise<string | null>;
}

/**
 * Revocations by the feed that the service on Cloudflare Workers writes into KV: a session has ended where there is
 * `revoked:` and its `sid`. KV may show it up to a minute late.
 */
export declare function kvRevocations(namespace: RevocationNamespace): Revocations;
