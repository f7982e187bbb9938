// Everything that can be wrong, as one class with stable codes.

/** Codes that are not the caller's fault, and their status. All others are refusals of the token: 401. */
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

/** What went wrong and what that came from, as one text. */
export const told = (error) => (error?.cause ? `${error.message}: ${told(error.cause)}` : String(error?.message ?? error));

/** Most characters that a message quotes of what came. */
const LONGEST = 100;

/** A value that came, as messages quote it: without control characters, and not all of a long one. */
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

/** What was expected and what came, by code. Nothing of a signature, a secret or the token as a whole. */
const DETAILS = {
  token_malformed(token) {
    if (typeof token !== "string") return `a string was expected, and it is of type ${typeof token}`;
    if (token.startsWith("s_")) return "it is an opaque session token, which the service alone can check";
    const parts = token.split(".").length;
    return parts === 3 ? "a header or a claim is not what RFC 9068 asks for" : `three parts were expected, and it has ${parts}`;
  },
  token_type_mismatch: (token) => `"typ" has to be "at+jwt", and is ${quote(part(token, 0).typ)}`,
  key_unknown: (token, { source }) => `no key of ${source} has its "kid", which is ${quote(part(token, 0).kid)}`,
  algorithm_mismatch(token, { algorithms }) {
    const { alg, kid } = part(token, 0);
    return algorithms.length && !algorithms.includes(alg)
      ? `"alg" has to be ${algorithms.join(" or ")}, and is ${quote(alg)}`
      : `"alg" is ${quote(alg)}, which the key ${quote(kid)} is not for`;
  },
  signature_invalid: (token) => `the key ${quote(part(token, 0).kid)} has not signed this`,
  token_expired: (token, { clockTolerance, now }) =>
    `"exp" was ${time(part(token, 1).exp)}, and it is ${time(now / 1000)} (clock tolerance ${clockTolerance} s)`,
  token_not_yet_valid(token, { clockTolerance, now }) {
    const { nbf = 0, iat = 0 } = part(token, 1);
    return `it begins at ${time(Math.max(nbf, iat))}, and it is ${time(now / 1000)} (clock tolerance ${clockTolerance} s)`;
  },
  issuer_mismatch: (token, { issuer }) => `"iss" has to be ${quote(issuer)}, and is ${quote(part(token, 1).iss)}`,
  audience_mismatch: (token, { audience }) => `"aud" has to be or hold ${quote(audience)}, and is ${quote(part(token, 1).aud)}`,
  session_ended: (token) => `the session ${quote(part(token, 1).sid)} was revoked`,
};

/** The refusal of a token, told with what was expected. */
export function refusal(code, reason, token, expected) {
  return new VerifyError(code, `The access token is refused: ${reason}: ${DETAILS[code](token, expected)}.`, { reason });
}

/** The algorithm that a token says it has. It decides nothing. */
export const algorithmOf = (token) => part(token, 0).alg;
