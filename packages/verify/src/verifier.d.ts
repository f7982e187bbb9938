/** The supported signature algorithms. The slim entry point supports only EdDSA and HMAC. */
export type Algorithm = "EdDSA" | "ES256" | "RS256" | "HS256" | "HS384" | "HS512";

/** A JSON Web Key Set: public keys (RFC 7517 section 5). */
export interface JsonWebKeySet {
  keys: readonly object[];
}

/** The claims of an access token (RFC 9068). Times are in seconds since the Unix epoch. */
export interface Claims {
  /** The issuer. */
  iss: string;
  /** The user's ID. */
  sub: string;
  /** The audience. */
  aud: string | string[];
  /** The time when it expires. */
  exp: number;
  /** The time when it becomes valid. */
  nbf?: number;
  /** The time when it was issued. */
  iat: number;
  /** The token's ID. */
  jti: string;
  /** The client that it was issued to. */
  client_id: string;
  /** The ID of its session. */
  sid: string;
  /** The time of the user's last authentication. */
  auth_time: number;
  /** The user's authentication methods (RFC 8176). */
  amr?: string[];
  /** Names of the user's roles. Omitted if they would make the token too long: ask the service then. */
  roles?: string[];
  /** Permissions of those roles. Omitted if they would make the token too long: ask the service then. */
  permissions?: string[];
  /** The administrator who acts as the user (RFC 8693 section 4.1), in an impersonation. */
  act?: { sub: string };
  /** Other claims of the issuer. */
  [claim: string]: unknown;
}

/** A user's roles and permissions: the claims, or a user from the service's `GET /auth/me`. */
export interface Holder {
  /** Names of the roles. Default: none. */
  readonly roles?: readonly string[];
  /** Names of the permissions, `resource:action`. Default: none. */
  readonly permissions?: readonly string[];
}

/** A question about a user, as in the service's `POST /access/check`. */
export type Question =
  | { permission: string }
  | { role: string }
  | { any_role: readonly string[] }
  | { all_roles: readonly string[] };

/** Returns whether the session with the claim `sid` was revoked. */
export type Revocations = (claims: Claims) => boolean | Promise<boolean>;

/** The source of the keys: at most one of the three. */
type Keys =
  | {
      /**
       * The URL of the JWK Set, http or https. Use https unless the network in between is your own. Default:
       * `/.well-known/jwks.json` below `issuer`, where the service publishes it.
       */
      jwksUrl?: string | URL;
      jwks?: undefined;
      secret?: undefined;
    }
  | {
      /** The JWK Set itself, as an object or JSON text. It is never fetched. */
      jwks: JsonWebKeySet | string;
      jwksUrl?: undefined;
      secret?: undefined;
    }
  | {
      /**
       * The secret shared with the service (its `JWT_SECRET`): bytes, or text, which is encoded in UTF-8. At least 32
       * bytes for HS256, 48 for HS384 and 64 for HS512.
       */
      secret: string | Uint8Array;
      jwks?: undefined;
      jwksUrl?: undefined;
    };

/** The options of a verifier. */
export type VerifierOptions = Keys & {
  /** The required `iss`: the service's `JWT_ISSUER`, or its `PUBLIC_BASE_URL`. Required. */
  issuer: string;
  /**
   * The required audience, which `aud` must be or contain: the service's `JWT_AUDIENCE`. Default: `issuer`, as in the
   * service.
   */
  audience?: string;
  /**
   * The accepted algorithms. Default: every public-key algorithm that this entry point supports. With `secret` it must
   * be exactly one, and the default is HS256. A key is used only with the algorithm of its type; a token's `alg`
   * decides nothing.
   */
  algorithms?: readonly Algorithm[];
  /** Clock tolerance in whole seconds for `exp`, `nbf` and `iat`, 0 to 300. Default: 5. */
  clockTolerance?: number;
  /**
   * Called for each token that is otherwise valid. Default: no call; a token is valid until its `exp`. If it throws,
   * the token is not accepted (`revocations_unavailable`). `kvRevocations` creates one.
   */
  revocations?: Revocations;
  /**
   * The number of verified tokens to remember until their `exp`, up to 100,000, oldest dropped first; `true` means
   * 1000. A token is found by the SHA-256 of the whole token, and only under the same keys. Revocations are checked
   * each time. The claims are frozen, because every use of the token returns the same object. Default: false.
   */
  cache?: boolean | number;
  /** Seconds after which the keys are fetched again, 1 to 2,592,000. Default: 600. */
  jwksMaxAge?: number;
  /**
   * Seconds for which older keys are still used while they can't be fetched, 0 to 2,592,000. Default: 86,400 (a day).
   * After that, tokens are refused with `keys_unavailable`.
   */
  jwksMaxStale?: number;
  /**
   * Seconds between two fetches for tokens with an unknown `kid`, and between two attempts to renew old keys, 1 to
   * 3600. Default: 10.
   */
  jwksCooldown?: number;
  /** Timeout for fetching keys in seconds, 0.1 to 60. Default: 3. A response of more than 64 KiB is refused. */
  jwksTimeout?: number;
  /** The function that fetches keys. Default: the platform's `fetch`. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** The clock, in milliseconds since the Unix epoch. Default: `Date.now`. */
  now?: () => number;
};

/** Verifies the access tokens of one issuer. Create one and reuse it, because it caches the keys. */
export interface Verifier {
  /**
   * Verifies an access token and returns its claims. It waits only if keys must be fetched or revocations looked up.
   *
   * @throws {VerifyError} The token is refused, or can't be verified now (`status` 503).
   */
  verify(token: string): Promise<Claims>;
  /**
   * Synchronous `verify`. The keys must be available: passed as an option, or fetched by `refresh()` or an earlier
   * `verify()`. It never fetches them: call `refresh()` regularly if you use only this function.
   *
   * @throws {VerifyError} As `verify`; `keys_unavailable` without keys; `revocations_async` if `revocations` returns a
   * promise.
   */
  verifySync(token: string): Claims;
  /**
   * Fetches the keys now, or waits for a fetch that is already running.
   *
   * @throws {VerifyError} `keys_unavailable`: the fetch failed, and the cached keys are missing or too old.
   */
  refresh(): Promise<void>;
  /** Answers a question about a user, as `POST /access/check` does. */
  decide(holder: Holder, question: Question): boolean;
}

/**
 * Creates a verifier.
 *
 * @throws {VerifyError} `option_invalid`: an option is invalid.
 */
export declare function createVerifier(options: VerifierOptions): Verifier;

/**
 * Returns whether a user has a permission. `*` in a user's permission matches everything; a superadmin has all
 * permissions.
 */
export declare function can(holder: Holder, permission: string): boolean;
/**
 * Returns whether a user has a role, or one that implies it: superadmin implies every role, admin the other built-in
 * ones.
 */
export declare function hasRole(holder: Holder, role: string): boolean;
/** Returns whether a user has at least one of the roles: false for an empty list. */
export declare function hasAnyRole(holder: Holder, roles: readonly string[]): boolean;
/** Returns whether a user has all of the roles: true for an empty list. */
export declare function hasAllRoles(holder: Holder, roles: readonly string[]): boolean;
