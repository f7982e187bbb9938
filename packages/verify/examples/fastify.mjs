// Fastify: ISSUER=https://auth.example.com node fastify.mjs
import { createVerifier } from "@gatewright/verify";
import { requireAllRoles, requireAuth, requirePermission, requireRole } from "@gatewright/verify/fastify";
import Fastify from "fastify";

const { ISSUER = "http://localhost:8080", JWKS_URL, PORT = "3000" } = process.env;
const verifier = createVerifier({ issuer: ISSUER, jwksUrl: JWKS_URL });

const app = Fastify();
app.get("/me", { onRequest: requireAuth(verifier) }, async ({ claims }) => ({ sub: claims.sub, roles: claims.roles }));
app.get("/admin", { onRequest: requireRole(verifier, "admin", "moderator") }, async () => ({ secret: 42 }));
app.get("/both", { onRequest: requireAllRoles(verifier, "admin", "moderator") }, async () => ({ secret: 43 }));
app.post("/posts", { onRequest: requirePermission(verifier, "posts:write") }, async ({ claims }) => ({ author: claims.sub }));

await app.listen({ port: Number(PORT) });
console.log(`listening http://localhost:${app.server.address().port}`);
