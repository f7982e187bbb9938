// The error class of the package, with stable codes.

/** Statuses of the codes that are not the client's fault. Every other code refuses a token: 401. */
const STATUS = {
  keys_unavailable: 503,
  revocations_unavailable: 503,
  revocations_async: 500,
  option_invalid: 500,
  hash_invalid: 500,
  totp_secret_invalid: 500,
};

export class VerifyError extends Error {
  constructor(code, message, { reason, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "VerifyError";
    this.code = code;
    this.status = STATUS[code] ?? 401;
    this.reason = reason ?? "it can't be verified now";
  }
}

/** Joins an error's message with those of its causes. */
export const told = (error) => (error?.cause ? `${error.message}: ${told(error.cause)}` : String(error?.message ?? error));

/** The maximum number of characters quoted from a received value. */
const LONGEST = 100;

/** Quotes a received value for a message: escaped and truncated. */
function quote(value) {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function part(token, index) {
  try {
    const base64 = token.split(".")[index].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}

const time = (seconds) => {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? quote(seconds) : date.toISOString();
};

/** Details by code: the expected and the actual value, but never a signature, a secret or the whole token. */
const DETAILS = {
  token_malformed(token) {
    if (typeof token !== "string") return `expected a string, found a value of type ${typeof token}`;
    if (token.startsWith("s_")) return "it is an opaque session token, which only the service can check";
    const parts = token.split(".").length;
    return parts === 3 ? "a header or a claim does not conform to RFC 9068" : `expected 3 parts, found ${parts}`;
  },
  token_type_mismatch: (token) => `"typ" must be "at+jwt", but is ${quote(part(token, 0).typ)}`,
  key_unknown: (token, { source }) => `no key of ${source} has its "kid" (${quote(part(token, 0).kid)})`,
  algorithm_mismatch(token, { algorithms }) {
    const { alg, kid } = part(token, 0);
    return algorithms.length && !algorithms.includes(alg)
      ? `"alg" must be ${algorithms.join(" or ")}, but is ${quote(alg)}`
      : `"alg" is ${quote(alg)}, but the key ${quote(kid)} has another algorithm`;
  },
  signature_invalid: (token) => `the key ${quote(part(token, 0).kid)} did not sign it`,
  token_expired: (token, { clockTolerance, now }) =>
    `"exp" is ${time(part(token, 1).exp)}, and the time is ${time(now / 1000)} (clock tolerance ${clockTolerance} s)`,
  token_not_yet_valid(token, { clockTolerance, now }) {
    const { nbf = 0, iat = 0 } = part(token, 1);
    return `it is valid from ${time(Math.max(nbf, iat))}, and the time is ${time(now / 1000)} (clock tolerance ${clockTolerance} s)`;
  },
  issuer_mismatch: (token, { issuer }) => `"iss" must be ${quote(issuer)}, but is ${quote(part(token, 1).iss)}`,
  audience_mismatch: (token, { audience }) => `"aud" must be or contain ${quote(audience)}, but is ${quote(part(token, 1).aud)}`,
  session_ended: (token) => `the session ${quote(part(token, 1).sid)} was revoked`,
};

/** Creates the error of a refused token, with the expected and the actual value. */
export function refusal(code, reason, token, expected) {
  return new VerifyError(code, `The access token is refused: ${reason}: ${DETAILS[code](token, expected)}.`, { reason });
}

/** Returns the algorithm in the token's header. It decides nothing. */
export const algorithmOf = (token) => part(token, 0).alg;
