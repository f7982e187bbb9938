export * from "./error.js";

/** The cost of a password hash by Argon2id. */
export interface HashOptions {
  /** Memory in KiB, from 8 for each lane to 65,536. Default: 19,456 (19 MiB), as OWASP recommends. */
  memory?: number;
  /** Passes, 1 to 64. Default: 2. */
  iterations?: number;
  /** Lanes, 1 to 16, computed one after the other. Default: 1. */
  parallelism?: number;
}

/**
 * The Argon2id hash of a password as a PHC string, which the service understands as well. The password is taken in NFC.
 *
 * It computes for some 30 to 60 ms with the default cost and holds up the thread for so long: on a server that answers
 * others, call it in a worker thread. The memory is wiped, and kept for the next hash.
 *
 * @throws {VerifyError} `option_invalid`: the cost is out of bounds.
 */
export declare function hashPassword(password: string, options?: HashOptions): string;

/**
 * Whether a password matches a hash: Argon2 in all variants, or bcrypt, scrypt and PBKDF2 in the forms of passlib, Django,
 * Werkzeug, better-auth and Firebase. It holds up the thread as `hashPassword` does.
 *
 * @throws {VerifyError} `hash_invalid`: the hash is damaged, of no known form, or asks for more than 64 MiB.
 */
export declare function verifyPassword(password: string, hash: string): boolean;

/**
 * The hash to store in the place of one that this password has just matched; null: the stored one has to stay. That is so
 * where a new one would be like it, and where the stored one matches other passwords as well (bcrypt sees 72 bytes), so that
 * a new one of this password could lock its owner out. Where there is a new one, it computes as long as `hashPassword`.
 */
export declare function rehashPassword(password: string, hash: string, options?: HashOptions): string | null;

/**
 * Whether a hash has another form or cost than `hashPassword` would give it. It computes next to nothing. Whether a new one
 * may take its place is for `rehashPassword` to say.
 */
export declare function needsRehash(hash: string, options?: HashOptions): boolean;

/** Time-based one-time passwords (RFC 6238): SHA-1, six digits, steps of 30 seconds. */
export declare const totp: {
  /** A new secret of 20 random bytes, in Base32. */
  generateSecret(): string;
  /** The URI that an authenticator app reads, mostly as a QR code. */
  uri(about: { secret: string; issuer: string; account: string }): string;
  /**
   * The time step of a code that is right now or one step earlier or later; null when it is not.
   *
   * A code is to be taken once: store the step, and give the last one as `after`.
   *
   * @throws {VerifyError} `totp_secret_invalid`: the secret is not Base32 of 10 to 64 bytes.
   */
  verify(
    secret: string,
    code: string,
    options?: {
      /** The step of the last code that was taken: it and those before are refused. Default: none was. */
      after?: number;
      /** The time in milliseconds since the Unix epoch. Default: `Date.now()`. */
      now?: number;
    },
  ): number | null;
};
