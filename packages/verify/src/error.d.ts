/** Why a token is refused. The caller's fault: `status` 401. */
export type RefusalCode =
  | "token_malformed"
  | "token_type_mismatch"
  | "key_unknown"
  | "algorithm_mismatch"
  | "signature_invalid"
  | "token_expired"
  | "token_not_yet_valid"
  | "issuer_mismatch"
  | "audience_mismatch"
  | "session_ended";

/** What is wrong on this side: `status` 503 for the first two, 500 for the others. */
export type FaultCode =
  | "keys_unavailable"
  | "revocations_unavailable"
  | "revocations_async"
  | "option_invalid"
  | "hash_invalid"
  | "totp_secret_invalid";

/** Everything that goes wrong here. */
export declare class VerifyError extends Error {
  /** Stable, for programs. */
  readonly code: RefusalCode | FaultCode;
  /** The HTTP status that fits: 401, 503 or 500. */
  readonly status: 401 | 503 | 500;
  /**
   * Why, in words that a client may see: "it has expired". `message` is for your log: it says what was expected and what
   * came, and nothing of a secret, a signature or the token as a whole.
   */
  readonly reason: string;
}
