// What every middleware has in common: the claims of a request, or the answer that refuses it.
import { VerifyError } from "./error.js";

/** As the service says it. */
const REALM = 'Bearer realm="gatewright"';
/** Seconds after which keys or revocations may be there again. */
const RETRY_AFTER = "5";

function refuse(status, code, message, headers) {
  return {
    refusal: {
      status,
      headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
      body: JSON.stringify({ error: { code, message, status_code: status } }),
    },
  };
}

const challenge = (parameters = "") => ({ "www-authenticate": REALM + parameters });

async function check(verifier, authorization, question, needed) {
  const [, token] = /^bearer +(\S+) *$/i.exec(authorization ?? "") ?? [];
  // RFC 6750 section 3.1: no error code when the request has no token at all.
  if (!token) return refuse(401, "unauthenticated", "An access token is required.", challenge());
  let claims;
  try {
    claims = await verifier.verify(token);
  } catch (error) {
    if (!(error instanceof VerifyError) || error.status === 500) throw error;
    if (error.status === 503) {
      console.error(error.message);
      return refuse(503, "unavailable", "The service is temporarily unavailable; try again later.", { "retry-after": RETRY_AFTER });
    }
    const description = `The access token is refused: ${error.reason}`;
    const header = challenge(`, error="invalid_token", error_description="${description}"`);
    return refuse(401, error.code, `${description}.`, header);
  }
  if (question && !verifier.decide(claims, question)) {
    return refuse(403, "forbidden", `This needs ${needed}.`, challenge(', error="insufficient_scope"'));
  }
  return { claims };
}

/** The four guards, each made by `wrap` of a function from the Authorization header to `{claims}` or `{refusal}`. */
export function guards(wrap) {
  // What is wrong is said when the guard is made, not at the first request.
  const guard = (verifier, question, needed) => {
    if (typeof verifier?.verify !== "function") throw new TypeError("a guard needs a verifier");
    return wrap((authorization) => check(verifier, authorization, question, needed));
  };
  const named = (what, ...names) => {
    if (names.length && names.every((name) => typeof name === "string")) return what + names.join(", ");
    throw new TypeError("a guard needs names of roles, or that of a permission");
  };
  return {
    requireAuth: (verifier) => guard(verifier),
    requireRole: (verifier, ...any_role) => guard(verifier, { any_role }, named("one of these roles: ", ...any_role)),
    requireAllRoles: (verifier, ...all_roles) => guard(verifier, { all_roles }, named("these roles: ", ...all_roles)),
    requirePermission: (verifier, permission) => guard(verifier, { permission }, named("the permission ", permission)),
  };
}

/** The refusal as a standard response. */
export const respond = ({ status, headers, body }) => new Response(body, { status, headers });
