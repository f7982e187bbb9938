// The verifier. A WebAssembly module makes every decision.
import { VerifyError, algorithmOf, refusal, told } from "./error.js";
import { RemoteKeys } from "./jwks.js";
import { platform } from "./platform.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const invalid = (name, problem) => new VerifyError("option_invalid", `The option "${name}" ${problem}.`);

/** Reads an option in seconds and returns milliseconds. */
function milliseconds(options, name, fallback, [least, most]) {
  const seconds = options[name] ?? fallback;
  if (!(seconds >= least && seconds <= most)) throw invalid(name, `must be ${least} to ${most} seconds`);
  return Math.round(seconds * 1000);
}

function text(options, name, fallback) {
  const value = options[name] ?? fallback;
  if (typeof value !== "string" || value === "") throw invalid(name, "must be a non-empty string");
  return value;
}

const DAY = 86_400;
const ALGORITHMS = ["EdDSA", "ES256", "RS256", "HS256", "HS384", "HS512"];

const unanswered = (cause) =>
  new VerifyError("revocations_unavailable", `The session's revocation could not be checked: ${told(cause)}.`, { cause });

/** Checks the options and adds the defaults. */
function settings(options) {
  const issuer = text(options, "issuer");
  const given = ["jwks", "jwksUrl", "secret"].filter((name) => options[name] !== undefined);
  if (given.length > 1) throw invalid(given[1], `can't be given with "${given[0]}"`);
  const clockTolerance = milliseconds(options, "clockTolerance", 5, [0, 300]) / 1000;
  if (!Number.isInteger(clockTolerance)) throw invalid("clockTolerance", "must be a whole number of seconds");
  const { algorithms = [], jwks, secret, revocations, cache = false } = options;
  if (!(Array.isArray(algorithms) && algorithms.every((name) => ALGORITHMS.includes(name)))) {
    throw invalid("algorithms", `must be an array with names of ${ALGORITHMS.join(", ")}`);
  }
  if (!(Number.isInteger(Number(cache)) && cache >= 0 && cache <= 100_000)) throw invalid("cache", "must be true, false, or a whole number up to 100,000");
  if (!["function", "undefined"].includes(typeof revocations)) throw invalid("revocations", "must be a function");
  const remote = jwks === undefined && secret === undefined;
  return {
    issuer,
    audience: text(options, "audience", issuer),
    algorithms,
    clockTolerance,
    jwks: typeof jwks === "object" ? JSON.stringify(jwks) : jwks,
    secret: typeof secret === "string" ? encoder.encode(secret) : secret,
    jwksUrl: remote ? address(options.jwksUrl ?? `${issuer.replace(/\/$/, "")}/.well-known/jwks.json`) : undefined,
    jwksMaxAge: milliseconds(options, "jwksMaxAge", 600, [1, 30 * DAY]),
    jwksMaxStale: milliseconds(options, "jwksMaxStale", DAY, [0, 30 * DAY]),
    jwksCooldown: milliseconds(options, "jwksCooldown", 10, [1, 3600]),
    jwksTimeout: milliseconds(options, "jwksTimeout", 3, [0.1, 60]),
    revocations,
    cache: cache === true ? 1000 : Number(cache),
    // Looked up at each call, and called without `this`, because browsers and Workers refuse another `this`.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    now: options.now ?? (() => Date.now()),
  };
}

function address(url) {
  try {
    const { protocol, href } = new URL(url);
    if (protocol === "https:" || protocol === "http:") return href;
  } catch {
    // Reported below.
  }
  throw invalid("jwksUrl", `must be an http or https URL; without it, "issuer" must be one`);
}

function freeze(value) {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

/** Creates the package's functions for one module: its classes, functions and memory. */
export function bind({ Verifier: Core, decide, memory }) {
  class Verifier {
    #core;
    /** Loads the keys into a core. */
    #load;
    /** Whether a call of the core has begun and not ended. An exception in the core locks it permanently. */
    #broken = false;
    #settings;
    #remote;
    #view = new Uint8Array();
    /** Claims of verified tokens, by the core's number of the token. */
    #remembered = [];

    constructor(options) {
      this.#settings = settings(Object(options));
      const { algorithms, jwks, secret } = this.#settings;
      this.#renew();
      const take = (text) => {
        const load = (core) => core.set_jwks(text, algorithms.join(" "));
        const usable = load(this.#core);
        if (usable) this.#load = load;
        return usable;
      };
      if (secret !== undefined) this.#takeSecret(algorithms, secret);
      else if (jwks === undefined) this.#remote = new RemoteKeys(this.#settings, take);
      else if (!take(jwks)) throw invalid("jwks", "must be a JWK Set with at least one usable key");
    }

    #takeSecret(algorithms, secret) {
      if (!(secret instanceof Uint8Array)) throw invalid("secret", "must be a string or a Uint8Array");
      const [algorithm = "HS256", ...others] = algorithms;
      this.#load = (core) => core.set_secret(algorithm, secret);
      const needed = others.length ? undefined : this.#load(this.#core);
      if (needed === undefined) throw invalid("algorithms", "must be exactly one of HS256, HS384 and HS512 with a secret");
      if (needed) throw invalid("secret", `must have at least ${needed} bytes for ${algorithm}, but has ${secret.length}`);
    }

    #renew() {
      const { issuer, audience, clockTolerance, cache } = this.#settings;
      this.#core = new Core(issuer, audience, clockTolerance, cache, platform);
      this.#load?.(this.#core);
      this.#view = new Uint8Array();
      this.#remembered = [];
      this.#broken = false;
    }

    async verify(token) {
      await this.#remote?.prepare();
      let { claims, error } = this.#check(token);
      if (error?.code === "key_unknown" && (await this.#remote?.lookAgain())) ({ claims, error } = this.#check(token));
      if (error) throw error;
      let revoked;
      try {
        revoked = await this.#settings.revocations?.(claims);
      } catch (cause) {
        throw unanswered(cause);
      }
      return this.#unlessRevoked(revoked, token, claims);
    }

    verifySync(token) {
      this.#remote?.check();
      const { claims, error } = this.#check(token);
      if (error) throw error;
      let revoked;
      try {
        revoked = this.#settings.revocations?.(claims);
      } catch (cause) {
        throw unanswered(cause);
      }
      if (typeof revoked?.then === "function") {
        revoked.then(undefined, () => {});
        const message = 'verifySync() can\'t wait for "revocations", which returned a promise: use verify() instead.';
        throw new VerifyError("revocations_async", message);
      }
      return this.#unlessRevoked(revoked, token, claims);
    }

    async refresh() {
      await this.#remote?.refresh();
      this.#remote?.check();
    }

    decide(claims, question) {
      return answer(claims, question);
    }

    #unlessRevoked(revoked, token, claims) {
      if (revoked) throw refusal("session_ended", "its session has ended", token);
      return claims;
    }

    /** Returns the claims or the error. */
    #check(token) {
      if (this.#broken) this.#renew();
      this.#broken = true;
      const checked = this.#checked(token);
      this.#broken = false;
      return checked;
    }

    #checked(token) {
      const { now } = this.#settings;
      const time = now();
      if (typeof token === "string") {
        const { read, written } = encoder.encodeInto(token, this.#buffer());
        if (read === token.length) {
          const claims = this.#settings.cache ? this.#known(written, time) : undefined;
          if (claims) return { claims };
          const length = this.#core.verify(written, time);
          if (length >= 0) return { claims: this.#read(length) };
          return { error: this.#refusal(this.#core.refusal_code(), this.#core.refusal_reason(), token, time) };
        }
      }
      return { error: this.#refusal("token_malformed", "it is malformed", token, time) };
    }

    /** Returns the claims of the token in the buffer if it was verified before and is still valid now. */
    #known(length, now) {
      const { claims, from, until } = this.#remembered[this.#core.find(length)] ?? {};
      return from <= now && now < until ? claims : undefined;
    }

    #read(length) {
      const claims = JSON.parse(decoder.decode(this.#buffer().subarray(0, length)));
      if (this.#settings.cache) {
        const { exp, iat, nbf = 0 } = claims;
        const { clockTolerance } = this.#settings;
        // Frozen, because every use of the token returns the same object.
        const [from, until] = [Math.max(iat, nbf) - clockTolerance, exp + clockTolerance].map((seconds) => seconds * 1000);
        this.#remembered[this.#core.keep()] = { claims: freeze(claims), from, until };
      }
      return claims;
    }

    /**
     * Returns the part of the module's memory for the token and then its claims. Growing memory detaches the old view.
     */
    #buffer() {
      if (this.#view.byteLength === 0) {
        this.#view = new Uint8Array(memory.buffer, this.#core.buffer(), this.#core.buffer_len());
      }
      return this.#view;
    }

    #refusal(code, reason, token, now) {
      const { algorithms, jwksUrl } = this.#settings;
      // The set may contain its key, but not for an accepted algorithm.
      const other = code === "key_unknown" && algorithms.length && !algorithms.includes(algorithmOf(token));
      const source = jwksUrl ?? "the given set";
      if (other) return refusal("algorithm_mismatch", "its algorithm is not accepted", token, this.#settings);
      return refusal(code, reason, token, { ...this.#settings, source, now });
    }
  }

  function answer({ roles = [], permissions = [] }, question) {
    const decision = decide(JSON.stringify({ roles, permissions, question }));
    if (decision === undefined) throw new TypeError("roles, permissions and the question must be names, or arrays of names");
    return decision;
  }

  return {
    createVerifier: (options) => new Verifier(options),
    can: (claims, permission) => answer(claims, { permission }),
    hasRole: (claims, role) => answer(claims, { role }),
    hasAnyRole: (claims, any_role) => answer(claims, { any_role }),
    hasAllRoles: (claims, all_roles) => answer(claims, { all_roles }),
  };
}
