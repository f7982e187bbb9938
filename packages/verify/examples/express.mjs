// Express: ISSUER=https://auth.example.com node express.mjs
import { createVerifier } from "@gatewright/verify";
import { requireAllRoles, requireAuth, requirePermission, requireRole } from "@gatewright/verify/express";
import express from "express";

const { ISSUER = "http://localhost:8080", JWKS_URL, PORT = "3000" } = process.env;
const verifier = createVerifier({ issuer: ISSUER, jwksUrl: JWKS_URL });

const app = express();
app.get("/me", requireAuth(verifier), ({ claims }, response) => response.json({ sub: claims.sub, roles: claims.roles }));
app.get("/admin", requireRole(verifier, "admin", "moderator"), (request, response) => response.json({ secret: 42 }));
app.get("/both", requireAllRoles(verifier, "admin", "moderator"), (request, response) => response.json({ secret: 43 }));
app.post("/posts", requirePermission(verifier, "posts:write"), ({ claims }, response) => response.json({ author: claims.sub }));

const server = app.listen(PORT, () => console.log(`listening http://localhost:${server.address().port}`));
