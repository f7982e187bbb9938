// A JWK Set that is fetched: kept, refreshed, and never waited for by a promise of another request.
import { VerifyError, told } from "./error.js";

/** Most bytes of an answer. */
const LIMIT = 64 * 1024;
/** Milliseconds between looks at whether somebody else's fetch has ended. */
const LOOK = 10;
/** Milliseconds without a further attempt where there are no keys yet. */
const PAUSE = 1000;

export class RemoteKeys {
  #options;
  #take;
  /** Times in milliseconds: keys were fetched, an attempt ended, an unknown key was looked for, a fetch counts as going on. */
  #fetched = -Infinity;
  #tried = -Infinity;
  #looked = -Infinity;
  #busyUntil = -Infinity;
  #attempts = 0;
  /** What went wrong with the last fetch. */
  #problem;

  /** `take` is given the text of a set, and returns how many of its keys can be used; none when it is not a set. */
  constructor(options, take) {
    this.#options = options;
    this.#take = take;
  }

  /** Fetches keys where there are none, or none that are fresh. */
  async prepare() {
    const { jwksMaxAge, jwksCooldown } = this.#options;
    if (this.#since(this.#fetched) < jwksMaxAge) return;
    const usable = this.#usable();
    // One renews keys that are old; the others go on with them.
    if (usable && this.#busy()) return;
    if (this.#since(this.#tried) >= (usable ? jwksCooldown : PAUSE)) await this.refresh();
    this.check();
  }

  /** Fetches keys because one is unknown. Returns whether there may be others now, and fails where that can't be known. */
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

  /** Fails where there are no keys, or none that are young enough. */
  check() {
    if (!this.#usable()) throw this.#unavailable();
  }

  /** Fetches keys, or waits until somebody else has. What goes wrong is kept for `check`. */
  async refresh() {
    const { jwksTimeout, now } = this.#options;
    const attempts = this.#attempts;
    // By a timer of one's own: what another request began may never end, if that is cancelled (Workers), and may not be
    // awaited here.
    // Twice its time: when it is up, one of those who wait fetches for the others.
    for (let waited = 0; this.#busy() && waited < 2 * jwksTimeout; waited += LOOK) {
      await new Promise((resume) => setTimeout(resume, LOOK));
      if (attempts !== this.#attempts) return;
    }
    if (this.#busy()) return;
    this.#busyUntil = now() + jwksTimeout;
    try {
      const usable = this.#take(await this.#get());
      if (usable === undefined) throw new Error("the answer is not a JWK Set");
      if (usable === 0) throw new Error("the set holds no key that can be used");
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
      throw new Error(`the answer has status ${response.status}`);
    }
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    let text = "";
    let length = 0;
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      length += chunk.value.byteLength;
      if (length > LIMIT) {
        await reader.cancel();
        throw new Error(`the answer is longer than ${LIMIT} bytes`);
      }
      text += decoder.decode(chunk.value, { stream: true });
    }
    return text + decoder.decode();
  }

  #unavailable() {
    const message = `The keys of ${this.#options.jwksUrl} are not there: ${this.#problem ? told(this.#problem) : "they were not fetched yet"}.`;
    return new VerifyError("keys_unavailable", message, { cause: this.#problem });
  }

  /** Milliseconds since a time. What lies ahead, as the clock was set back, is long ago. */
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
