/** The algorithms of signatures that can be verified. The slim entry knows EdDSA and those of HMAC. */
export type Algorithm = "EdDSA" | "ES256" | "RS256" | "HS256" | "HS384" | "HS512";

/** A set of public keys (RFC 7517 section 5). */
export interface JsonWebKeySet {
  keys: readonly object[];
}

/** What an access token says (RFC 9068). Times are seconds since the Unix epoch. */
export interface Claims {
  /** Who issued it. */
  iss: string;
  /** The user's identifier. */
  sub: string;
  /** Whom it is for. */
  aud: string | string[];
  /** When it stops being valid. */
  exp: number;
  /** When it starts being valid. */
  nbf?: number;
  /** When it was issued. */
  iat: number;
  /** Identifier of the token. */
  jti: string;
  /** The client it was issued to. */
  client_id: string;
  /** The session it belongs to. */
  sid: string;
  /** When the user last proved himself. */
  auth_time: number;
  /** How the user proved himself (RFC 8176). */
  amr?: string[];
  /** Names of the user's roles. Left out where the token would be too long with them: ask the service then. */
  roles?: string[];
  /** Permissions of those roles. Left out where the token would be too long with them: ask the service then. */
  permissions?: string[];
  /** Who acts as the user (RFC 8693 section 4.1), where an administrator does. */
  act?: { sub: string };
  /** Whatever else the issuer put in. */
  [claim: string]: unknown;
}

/** Someone's roles and permissions: claims, or a user as the service's `GET /auth/me` has him. */
export interface Holder {
  /** Names of his roles. Default: none. */
  readonly roles?: readonly string[];
  /** Names of his permissions, `resource:action`. Default: none. */
  readonly permissions?: readonly string[];
}

/** One question about someone, as the service's `POST /access/check` takes it. */
export type Question =
  | { permission: string }
  | { role: string }
  | { any_role: readonly string[] }
  | { all_roles: readonly string[] };

/** Says whether the session of verified claims was revoked; `sid` names it. */
export type Revocations = (claims: Claims) => boolean | Promise<boolean>;

/** Where keys come from: at most one of the three. */
type Keys =
  | {
      /**
       * Where the JWK Set is, an http or https URL. Use https unless the network between is your own.
       * Default: `/.well-known/jwks.json` below `issuer`, which is where the service has it.
       */
      jwksUrl?: string | URL;
      jwks?: undefined;
      secret?: undefined;
    }
  | {
      /** The JWK Set itself, as an object or JSON text. It is never fetched anew. */
      jwks: JsonWebKeySet | string;
      jwksUrl?: undefined;
      secret?: undefined;
    }
  | {
      /**
       * The secret that is shared with the service (its `JWT_SECRET`): text, of which the UTF-8 bytes count, or bytes. At
       * least 32 bytes for HS256, 48 for HS384, 64 for HS512.
       */
      secret: string | Uint8Array;
      jwks?: undefined;
      jwksUrl?: undefined;
    };

/** What a verifier is made of. */
export type VerifierOptions = Keys & {
  /** `iss` has to be this: the service's `JWT_ISSUER`, or its `PUBLIC_BASE_URL`. Required. */
  issuer: string;
  /** `aud` has to be or hold this: the service's `JWT_AUDIENCE`. Default: `issuer`, as with the service. */
  audience?: string;
  /**
   * The only algorithms that are accepted. Default: every one of public keys that the entry knows; with `secret`, HS256,
   * and then it has to be exactly one. Whatever is here, a key is used with the one algorithm that its type fixes, and a
   * token's `alg` decides nothing.
   */
  algorithms?: readonly Algorithm[];
  /** Whole seconds by which the issuer's clock may differ, 0 to 300: `exp`, `nbf` and `iat` are taken that much late or early. Default: 5. */
  clockTolerance?: number;
  /**
   * Asked about each token that is valid otherwise. Default: nothing is asked, and a token is good until its `exp`. When it
   * throws, the token is not accepted (`revocations_unavailable`). `kvRevocations` makes one.
   */
  revocations?: Revocations;
  /**
   * Remembers tokens that were verified, by the SHA-256 of the whole token and under the same keys, until their `exp`: how many,
   * up to 100,000, the oldest leaving first; `true` is 1000. Revocations are asked each time. The claims are frozen, as
   * whoever presents a token again gets the same object. Default: false.
   */
  cache?: boolean | number;
  /** Seconds after which fetched keys are fetched anew, 1 to 2,592,000. Default: 600. */
  jwksMaxAge?: number;
  /**
   * Seconds for which keys older than that are still used while they can't be fetched, 0 to 2,592,000. Default: 86,400 (a
   * day). After it tokens are refused with `keys_unavailable`.
   */
  jwksMaxStale?: number;
  /**
   * Seconds between two fetches that tokens with an unknown `kid` cause, and between two attempts to renew old keys, 1 to
   * 3600. Default: 10.
   */
  jwksCooldown?: number;
  /** Seconds that a fetch of keys may take, 0.1 to 60. Default: 3. An answer of more than 64 KiB is refused. */
  jwksTimeout?: number;
  /** What fetches keys. Default: the platform's `fetch`. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** The clock, in milliseconds since the Unix epoch. Default: `Date.now`. */
  now?: () => number;
};

/** Verifies the access tokens of one issuer. Make one and keep it: it holds the keys. */
export interface Verifier {
  /**
   * The claims of an access token. It waits only where keys have to be fetched or revocations looked up.
   *
   * @throws {VerifyError} The token is refused, or it can't be found out now (`status` 503).
   */
  verify(token: string): Promise<Claims>;
  /**
   * As `verify`, at once. Keys have to be there: given, or fetched by `refresh()` or an earlier `verify()`; it never fetches
   * them, so call `refresh()` from time to time where it is all that you use.
   *
   * @throws {VerifyError} As `verify`; `keys_unavailable` where there are no keys; `revocations_async` where `revocations`
   * answers with a promise.
   */
  verifySync(token: string): Claims;
  /**
   * Fetches the keys now, or waits until a fetch that is going on has ended.
   *
   * @throws {VerifyError} `keys_unavailable`: it did not work, and there are none that are young enough.
   */
  refresh(): Promise<void>;
  /** Answers a question about someone, as `POST /access/check` does. */
  decide(holder: Holder, question: Question): boolean;
}

/**
 * Makes a verifier.
 *
 * @throws {VerifyError} `option_invalid`: an option is not what it has to be.
 */
export declare function createVerifier(options: VerifierOptions): Verifier;

/** Whether someone has a permission. `*` in one that is held covers everything; a superadmin has all. */
export declare function can(holder: Holder, permission: string): boolean;
/** Whether someone has a role, or one that implies it: superadmin every other, admin the other built-in ones. */
export declare function hasRole(holder: Holder, role: string): boolean;
/** Whether someone has one of the roles. Of none he has none. */
export declare function hasAnyRole(holder: Holder, roles: readonly string[]): boolean;
/** Whether someone has each of the roles. None everybody has. */
export declare function hasAllRoles(holder: Holder, roles: readonly string[]): boolean;
