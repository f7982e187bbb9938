export * from "./error.js";

/** The cost of an Argon2id password hash. */
export interface HashOptions {
  /** Memory in KiB, from 8 per lane to 65,536. Default: 19,456 (19 MiB), as OWASP recommends. */
  memory?: number;
  /** Passes, 1 to 64. Default: 2. */
  iterations?: number;
  /** Lanes, 1 to 16, computed sequentially. Default: 1. */
  parallelism?: number;
}

/**
 * Hashes a password with Argon2id and returns a PHC string, which the service accepts too. The password is normalized
 * to NFC.
 *
 * Hashing blocks the thread for about 30 to 60 ms at the default cost: in a server, call it in a worker thread. The
 * memory is wiped and reused for the next hash.
 *
 * @throws {VerifyError} `option_invalid`: the cost is out of bounds.
 */
export declare function hashPassword(password: string, options?: HashOptions): string;

/**
 * Returns whether a password matches a hash: any variant of Argon2, or bcrypt, scrypt and PBKDF2 in the formats of
 * passlib, Django, Werkzeug, better-auth and Firebase. It blocks the thread, as `hashPassword` does.
 *
 * @throws {VerifyError} `hash_invalid`: the hash is damaged, has an unknown format, or needs more than 64 MiB.
 */
export declare function verifyPassword(password: string, hash: string): boolean;

/**
 * Returns a replacement for a stored hash that this password has just matched, or null to keep the stored one: it is up
 * to date, or it also matches other passwords (bcrypt reads only 72 bytes), so that a new hash of this password could
 * lock the user out. Computing a replacement takes as long as `hashPassword`.
 */
export declare function rehashPassword(password: string, hash: string, options?: HashOptions): string | null;

/**
 * Returns whether a hash has a different format or cost than `hashPassword` would give it. It is cheap. Call
 * `rehashPassword` to find out whether the hash can be replaced.
 */
export declare function needsRehash(hash: string, options?: HashOptions): boolean;

/** Time-based one-time passwords (RFC 6238): SHA-1, six digits, steps of 30 seconds. */
export declare const totp: {
  /** Generates a secret of 20 random bytes in Base32. */
  generateSecret(): string;
  /** Returns the URI for an authenticator app, usually shown as a QR code. */
  uri(about: { secret: string; issuer: string; account: string }): string;
  /**
   * Verifies a code. Returns its time step, or null if it is wrong. The current step, the one before and the one after
   * are accepted.
   *
   * Accept a code only once: store the step, and pass the last one as `after`.
   *
   * @throws {VerifyError} `totp_secret_invalid`: the secret is not Base32 of 10 to 64 bytes.
   */
  verify(
    secret: string,
    code: string,
    options?: {
      /**
       * Step of the last accepted code: codes of this step and earlier ones are refused. Default: no code was accepted
       * yet.
       */
      after?: number;
      /** The current time in milliseconds since the Unix epoch. Default: `Date.now()`. */
      now?: number;
    },
  ): number | null;
};
