// A Cloudflare Worker. With a KV binding it also rejects tokens of revoked sessions (wrangler.toml):
//   [vars]  ISSUER = "https://auth.example.com"
import { env } from "cloudflare:workers";
import { createVerifier, kvRevocations } from "@gatewright/verify";
import { requireAllRoles, requireAuth, requirePermission, requireRole } from "@gatewright/verify/fetch";

// One verifier for each isolate, so that its keys are reused between requests.
const verifier = createVerifier({
  issuer: env.ISSUER,
  jwksUrl: env.JWKS_URL,
  revocations: env.KV && kvRevocations(env.KV),
});

const routes = {
  "GET /me": [requireAuth(verifier), (claims) => ({ sub: claims.sub, roles: claims.roles })],
  "GET /admin": [requireRole(verifier, "admin", "moderator"), () => ({ secret: 42 })],
  "GET /both": [requireAllRoles(verifier, "admin", "moderator"), () => ({ secret: 43 })],
  "POST /posts": [requirePermission(verifier, "posts:write"), (claims) => ({ author: claims.sub })],
};

export default {
  async fetch(request) {
    const [guard, answer] = routes[`${request.method} ${new URL(request.url).pathname}`] ?? [];
    if (!guard) return new Response("Not found.", { status: 404 });
    const claims = await guard(request);
    return claims instanceof Response ? claims : Response.json(answer(claims));
  },
};
