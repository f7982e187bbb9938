// RSA by the platform's own synchronous cryptography: Node.js, Bun, Deno, and Workers with `nodejs_compat`.

/** The maximum number of cached keys. */
const MOST = 64;

function rsa({ createPublicKey, verify }) {
  const keys = new Map();
  return {
    /** Returns whether a signature over a message is valid for a key, or undefined to let the core verify it. */
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
