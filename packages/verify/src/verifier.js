// A verifier over a module of WebAssembly, which makes every decision.
import { VerifyError, algorithmOf, refusal, told } from "./error.js";
import { RemoteKeys } from "./jwks.js";
import { platform } from "./platform.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const invalid = (name, problem) => new VerifyError("option_invalid", `The option "${name}" ${problem}.`);

/** Seconds that an option gives, in milliseconds. */
function milliseconds(options, name, fallback, [least, most]) {
  const seconds = options[name] ?? fallback;
  if (!(seconds >= least && seconds <= most)) throw invalid(name, `has to be ${least} to ${most} seconds`);
  return Math.round(seconds * 1000);
}

function text(options, name, fallback) {
  const value = options[name] ?? fallback;
  if (typeof value !== "string" || value === "") throw invalid(name, "has to be text");
  return value;
}

const DAY = 86_400;
const ALGORITHMS = ["EdDSA", "ES256", "RS256", "HS256", "HS384", "HS512"];

const unanswered = (cause) =>
  new VerifyError("revocations_unavailable", `Whether the session was revoked could not be found out: ${told(cause)}.`, { cause });

/** The options, checked and complete. */
function settings(options) {
  const issuer = text(options, "issuer");
  const given = ["jwks", "jwksUrl", "secret"].filter((name) => options[name] !== undefined);
  if (given.length > 1) throw invalid(given[1], `can't be given with "${given[0]}"`);
  const clockTolerance = milliseconds(options, "clockTolerance", 5, [0, 300]) / 1000;
  if (!Number.isInteger(clockTolerance)) throw invalid("clockTolerance", "has to be whole seconds");
  const { algorithms = [], jwks, secret, revocations, cache = false } = options;
  if (!(Array.isArray(algorithms) && algorithms.every((name) => ALGORITHMS.includes(name)))) {
    throw invalid("algorithms", `has to be a list of names: ${ALGORITHMS.join(", ")}`);
  }
  if (!(Number.isInteger(Number(cache)) && cache >= 0 && cache <= 100_000)) throw invalid("cache", "has to be true, false, or a number up to 100,000");
  if (!["function", "undefined"].includes(typeof revocations)) throw invalid("revocations", "has to be a function");
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
    // Looked up at each call, and not with an object as `this`, which browsers and Workers refuse.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    now: options.now ?? (() => Date.now()),
  };
}

function address(url) {
  try {
    const { protocol, href } = new URL(url);
    if (protocol === "https:" || protocol === "http:") return href;
  } catch {
    // Told below.
  }
  throw invalid("jwksUrl", `has to be an http or https URL, as "issuer" is none from which it follows`);
}

function freeze(value) {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

/** The functions of the package over one module: its classes and functions, and its memory. */
export function bind({ Verifier: Core, decide, memory }) {
  class Verifier {
    #core;
    /** Gives a core its keys. */
    #load;
    /** Whether a call of the core has begun and not ended: an exception in it locks the core for good. */
    #broken = false;
    #settings;
    #remote;
    #view = new Uint8Array();
    /** Claims of tokens that were verified before, by the numbers that the core gives them. */
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
      else if (!take(jwks)) throw invalid("jwks", "has to be a JWK Set with a key that can be used");
    }

    #takeSecret(algorithms, secret) {
      if (!(secret instanceof Uint8Array)) throw invalid("secret", "has to be text or a Uint8Array");
      const [algorithm = "HS256", ...others] = algorithms;
      this.#load = (core) => core.set_secret(algorithm, secret);
      const needed = others.length ? undefined : this.#load(this.#core);
      if (needed === undefined) throw invalid("algorithms", "has to be one of HS256, HS384 and HS512 with a secret");
      if (needed) throw invalid("secret", `has to have at least ${needed} bytes for ${algorithm}, and has ${secret.length}`);
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
        const message = 'verifySync() can\'t wait for "revocations", which answered with a promise: use verify().';
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

    /** The claims, or the error. */
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

    /** The claims of the token in the buffer, if it was verified before and its times hold still. */
    #known(length, now) {
      const { claims, from, until } = this.#remembered[this.#core.find(length)] ?? {};
      return from <= now && now < until ? claims : undefined;
    }

    #read(length) {
      const claims = JSON.parse(decoder.decode(this.#buffer().subarray(0, length)));
      if (this.#settings.cache) {
        const { exp, iat, nbf = 0 } = claims;
        const { clockTolerance } = this.#settings;
        // Frozen, as whoever presents the token again gets the same object.
        const [from, until] = [Math.max(iat, nbf) - clockTolerance, exp + clockTolerance].map((seconds) => seconds * 1000);
        this.#remembered[this.#core.keep()] = { claims: freeze(claims), from, until };
      }
      return claims;
    }

    /** The place in the module's memory for the token and then its claims. Memory that has grown is another buffer. */
    #buffer() {
      if (this.#view.byteLength === 0) {
        this.#view = new Uint8Array(memory.buffer, this.#core.buffer(), this.#core.buffer_len());
      }
      return this.#view;
    }

    #refusal(code, reason, token, now) {
      const { algorithms, jwksUrl } = this.#settings;
      // Its key may well be there, and is not for this.
      const other = code === "key_unknown" && algorithms.length && !algorithms.includes(algorithmOf(token));
      const source = jwksUrl ?? "those given";
      if (other) return refusal("algorithm_mismatch", "its algorithm is not accepted", token, this.#settings);
      return refusal(code, reason, token, { ...this.#settings, source, now });
    }
  }

  function answer({ roles = [], permissions = [] }, question) {
    const decision = decide(JSON.stringify({ roles, permissions, question }));
    if (decision === undefined) throw new TypeError("roles, permissions and what is asked for have to be names, or lists of them");
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
