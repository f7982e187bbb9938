// Route handlers of Next.js. Each export corresponds to the GET or POST export of app/NAME/route.js.
import { createVerifier } from "@gatewright/verify";
import { requireAllRoles, requireAuth, requirePermission, requireRole } from "@gatewright/verify/next";

const { ISSUER = "http://localhost:8080", JWKS_URL } = process.env;
const verifier = createVerifier({ issuer: ISSUER, jwksUrl: JWKS_URL });

export const me = {
  GET: requireAuth(verifier)((request, { claims }) => Response.json({ sub: claims.sub, roles: claims.roles })),
};
export const admin = {
  GET: requireRole(verifier, "admin", "moderator")(() => Response.json({ secret: 42 })),
};
export const both = {
  GET: requireAllRoles(verifier, "admin", "moderator")(() => Response.json({ secret: 43 })),
};
export const posts = {
  POST: requirePermission(verifier, "posts:write")(async (request, { claims }) => Response.json({ author: claims.sub })),
};
