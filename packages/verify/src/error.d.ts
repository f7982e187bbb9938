/** Codes of refused tokens: an error of the client, `status` 401. */
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

/** Codes of errors on the server's side: `status` 503 for the first two, 500 for the others. */
export type FaultCode =
  | "keys_unavailable"
  | "revocations_unavailable"
  | "revocations_async"
  | "option_invalid"
  | "hash_invalid"
  | "totp_secret_invalid";

/** The error that every function of this package throws. */
export declare class VerifyError extends Error {
  /** A stable code for programs. */
  readonly code: RefusalCode | FaultCode;
  /** The matching HTTP status: 401, 503 or 500. */
  readonly status: 401 | 503 | 500;
  /**
   * A reason that clients can see: "it has expired". `message` is for your log: it names the expected and the actual
   * value, but never a secret, a signature or the whole token.
   */
  readonly reason: string;
}
