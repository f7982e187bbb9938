// A fetched JSON Web Key Set (JWKS): cached, refreshed, and never awaited through a promise of another request.
import { VerifyError, told } from "./error.js";

/** The maximum size of a response in bytes. */
const LIMIT = 64 * 1024;
/** Milliseconds between checks whether another request's fetch has ended. */
const LOOK = 10;
/** Milliseconds between attempts while there are no keys yet. */
const PAUSE = 1000;

export class RemoteKeys {
  #options;
  #take;
  /**
   * Times in milliseconds: last successful fetch, last attempt, last search for an unknown key, and until when a fetch
   * counts as running.
   */
  #fetched = -Infinity;
  #tried = -Infinity;
  #looked = -Infinity;
  #busyUntil = -Infinity;
  #attempts = 0;
  /** The error of the last fetch. */
  #problem;

  /**
   * `take` receives the text of a key set and returns how many of its keys are usable, or undefined if it is not a key
   * set.
   */
  constructor(options, take) {
    this.#options = options;
    this.#take = take;
  }

  /** Fetches the keys if there are none or they are stale. */
  async prepare() {
    const { jwksMaxAge, jwksCooldown } = this.#options;
    if (this.#since(this.#fetched) < jwksMaxAge) return;
    const usable = this.#usable();
    // One request renews stale keys; the others continue with them.
    if (usable && this.#busy()) return;
    if (this.#since(this.#tried) >= (usable ? jwksCooldown : PAUSE)) await this.refresh();
    this.check();
  }

  /** Fetches the keys because one is unknown. Returns whether they were fetched, and throws if the fetch failed. */
  async lookAgain() {
    if (!this.#busy()) {
      const tooSoon = this.#since(this.#looked) < (this.#problem ? PAUSE : this.#options.jwksCooldown);
      if (tooSoon && this.#problem) throw this.#unavailable();
      if (tooSoon) return false;
      this.#looked = this.#options.now();
    }
    await this.refresh();
    if (this.#problem) throw this.#unavailable();
    return true;
  }

  /** Throws if there are no keys, or only keys that are too old. */
  check() {
    if (!this.#usable()) throw this.#unavailable();
  }

  /** Fetches the keys, or waits until another request has fetched them. An error is kept for `check`. */
  async refresh() {
    const { jwksTimeout, now } = this.#options;
    const attempts = this.#attempts;
    // Waits with a timer of its own: another request's fetch may never end if that request is cancelled (Workers), and
    // must not be awaited here.
    // Waits twice as long as a fetch can take: after that, one of the waiting requests fetches for the others.
    for (let waited = 0; this.#busy() && waited < 2 * jwksTimeout; waited += LOOK) {
      await new Promise((resume) => setTimeout(resume, LOOK));
      if (attempts !== this.#attempts) return;
    }
    if (this.#busy()) return;
    this.#busyUntil = now() + jwksTimeout;
    try {
      const usable = this.#take(await this.#get());
      if (usable === undefined) throw new Error("the response is not a JWK Set");
      if (usable === 0) throw new Error("the key set has no usable key");
      this.#fetched = now();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error;
    } finally {
      this.#attempts += 1;
      this.#tried = now();
      this.#busyUntil = -Infinity;
    }
  }

  async #get() {
    const { fetch, jwksTimeout, jwksUrl } = this.#options;
    const response = await fetch(jwksUrl, {
      headers: { accept: "application/jwk-set+json, application/json" },
      redirect: "manual",
      signal: AbortSignal.timeout(jwksTimeout),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the response has status ${response.status}`);
    }
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    let text = "";
    let length = 0;
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      length += chunk.value.byteLength;
      if (length > LIMIT) {
        await reader.cancel();
        throw new Error(`the response is longer than ${LIMIT} bytes`);
      }
      text += decoder.decode(chunk.value, { stream: true });
    }
    return text + decoder.decode();
  }

  #unavailable() {
    const message = `The keys of ${this.#options.jwksUrl} are unavailable: ${this.#problem ? told(this.#problem) : "they were not fetched yet"}.`;
    return new VerifyError("keys_unavailable", message, { cause: this.#problem });
  }

  /** Returns the milliseconds since a time, or Infinity for a future time, because the clock was set back. */
  #since(time) {
    const passed = this.#options.now() - time;
    return passed < 0 ? Infinity : passed;
  }

  #busy() {
    const left = this.#busyUntil - this.#options.now();
    return left > 0 && left <= this.#options.jwksTimeout;
  }

  #usable() {
    const { jwksMaxAge, jwksMaxStale } = this.#options;
    return this.#since(this.#fetched) < jwksMaxAge + jwksMaxStale;
  }
}
