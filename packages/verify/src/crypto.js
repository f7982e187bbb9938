// Password hashing and time-based one-time passwords, in a separate WebAssembly module.
import module from "#crypto.wasm";
import { VerifyError } from "./error.js";
import { Hasher, initSync, totp_key, totp_step, totp_uri } from "./wasm/crypto.js";

initSync({ module });

export { VerifyError };

const SALT_LENGTH = 16;
const KEY_LENGTH = 20;

/** The last used hasher. It is kept because it owns the memory of its hashes. */
let kept;

function hasher(options = {}) {
  const { memory, iterations, parallelism } = options;
  const name = [memory, iterations, parallelism].join();
  if (kept?.name !== name) {
    const made = Hasher.with(memory, iterations, parallelism);
    if (!made) {
      const bounds = "parallelism from 1 to 16, memory from 8 times that to 65536 KiB, iterations from 1 to 64";
      throw new VerifyError("option_invalid", `The hash parameters are out of bounds. Allowed: ${bounds}.`);
    }
    kept?.hasher.free();
    kept = { name, hasher: made };
  }
  return kept.hasher;
}

const random = (length) => crypto.getRandomValues(new Uint8Array(length));

/** The form of a password that is hashed, as the service does it. */
const normal = (password) => password.normalize("NFC");

export const hashPassword = (password, options) => hasher(options).hash(normal(password), random(SALT_LENGTH));

export function verifyPassword(password, hash) {
  const verifier = kept?.hasher ?? hasher();
  const verified = verifier.verify(normal(password), hash);
  if (verified === undefined) throw new VerifyError("hash_invalid", `The password can't be verified: ${verifier.problem(hash)}.`);
  return verified;
}

export const rehashPassword = (password, hash, options) =>
  hasher(options).rehash(normal(password), hash, random(SALT_LENGTH)) ?? null;

export const needsRehash = (hash, options) => hasher(options).needs_rehash(hash);

function known(result) {
  if (result !== undefined && result !== -1) return result;
  throw new VerifyError("totp_secret_invalid", "The TOTP secret is invalid: it must be Base32 of 10 to 64 bytes.");
}

export const totp = {
  generateSecret: () => totp_key(random(KEY_LENGTH)),
  uri: ({ secret, issuer, account }) => known(totp_uri(secret, issuer, account)),
  verify(secret, code, { after = -1, now = Date.now() } = {}) {
    const step = known(totp_step(secret, code, now) ?? null);
    return step !== null && step > after ? step : null;
  },
};
