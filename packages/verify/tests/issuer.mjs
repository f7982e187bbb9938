// An issuer of access tokens with another implementation (jose) and a fixed clock.
import * as jose from "jose";

export const ISSUER = "https://auth.example.com";
/** Milliseconds since the Unix epoch. */
export const NOW = 1_800_000_000_000;
export const SECRET = "a secret of thirty-two bytes, or more, even sixty-four of them, for HS512";

export const claims = {
  iss: ISSUER,
  sub: "ada",
  aud: ISSUER,
  exp: NOW / 1000 + 900,
  iat: NOW / 1000,
  jti: "token",
  client_id: "gatewright",
  sid: "session",
  auth_time: NOW / 1000,
  amr: ["pwd"],
  roles: ["editor"],
  permissions: ["posts:*"],
};

/** Creates a key pair and a function that signs tokens. */
export async function keyPair(algorithm) {
  const { publicKey, privateKey } = await jose.generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await jose.exportJWK(publicKey)), alg: algorithm, use: "sig" };
  jwk.kid = await jose.calculateJwkThumbprint(jwk);
  const sign = (changed = {}, header = {}) =>
    new jose.SignJWT({ ...claims, ...changed }).setProtectedHeader({ alg: algorithm, typ: "at+jwt", kid: jwk.kid, ...header }).sign(privateKey);
  return { jwk, sign };
}

/** Signs a token with a shared secret, as the service does. The `kid` is derived from the secret. */
export async function signWithSecret(algorithm, changed = {}) {
  const bytes = new TextEncoder().encode(SECRET);
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array([...new TextEncoder().encode("gatewright hmac kid\0"), ...bytes]));
  const kid = jose.base64url.encode(new Uint8Array(digest).subarray(0, 9));
  return new jose.SignJWT({ ...claims, ...changed }).setProtectedHeader({ alg: algorithm, typ: "at+jwt", kid }).sign(bytes);
}
