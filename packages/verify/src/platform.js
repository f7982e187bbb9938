// RSA by the platform's own cryptography, where that answers at once: Node.js, Bun, Deno, and Workers with `nodejs_compat`.

/** Most keys that are kept ready. */
const MOST = 64;

function rsa({ createPublicKey, verify }) {
  const keys = new Map();
  return {
    /** Whether a signature is a key's over a message. Undefined, which leaves it to the core: this can't say. */
    verifies(jwk, message, signature) {
      try {
        let key = keys.get(jwk);
        if (!key) {
          if (keys.size >= MOST) keys.clear();
          key = createPublicKey({ key: JSON.parse(jwk), format: "jwk" });
          keys.set(jwk, key);
        }
        return verify("sha256", message, key, signature);
      } catch {
        return undefined;
      }
    },
  };
}

const crypto = globalThis.process?.getBuiltinModule?.("node:crypto");

export const platform = crypto?.createPublicKey && crypto.verify ? rsa(crypto) : undefined;
