// Hono, here on Node.js: ISSUER=https://auth.example.com node hono.mjs
import { serve } from "@hono/node-server";
import { createVerifier } from "@gatewright/verify";
import { requireAllRoles, requireAuth, requirePermission, requireRole } from "@gatewright/verify/hono";
import { Hono } from "hono";

const { ISSUER = "http://localhost:8080", JWKS_URL, PORT = "3000" } = process.env;
const verifier = createVerifier({ issuer: ISSUER, jwksUrl: JWKS_URL });

const app = new Hono();
app.get("/me", requireAuth(verifier), (c) => c.json({ sub: c.get("claims").sub, roles: c.get("claims").roles }));
app.get("/admin", requireRole(verifier, "admin", "moderator"), (c) => c.json({ secret: 42 }));
app.get("/both", requireAllRoles(verifier, "admin", "moderator"), (c) => c.json({ secret: 43 }));
app.post("/posts", requirePermission(verifier, "posts:write"), (c) => c.json({ author: c.get("claims").sub }));

serve({ fetch: app.fetch, port: Number(PORT) }, ({ port }) => console.log(`listening http://localhost:${port}`));
