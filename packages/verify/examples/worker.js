// A Cloudflare Worker, which also hears of sessions that were ended early where KV is bound (wrangler.toml):
//   [vars]  ISSUER = "https://auth.example.com"
import { env } from "cloudflare:workers";
import { createVerifier, kvRevocations } from "@gatewright/verify";
import { requireAllRoles, requireAuth, requirePermission, requireRole } from "@gatewright/verify/fetch";

// Once for each isolate, so that keys are kept between requests.
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
    if (!guard) return new Response("There is nothing here.", { status: 404 });
    const claims = await guard(request);
    return claims instanceof Response ? claims : Response.json(answer(claims));
  },
};
