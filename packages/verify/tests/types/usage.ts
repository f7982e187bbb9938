// Compiled but never run: what the type declarations accept and refuse.
import { type Claims, type RefusalCode, VerifyError, can, createVerifier, hasAllRoles, hasAnyRole, hasRole, kvRevocations } from "@gatewright/verify";
import * as crypto from "@gatewright/verify/crypto";
import * as onExpress from "@gatewright/verify/express";
import * as onFastify from "@gatewright/verify/fastify";
import * as onFetch from "@gatewright/verify/fetch";
import * as onHono from "@gatewright/verify/hono";
import * as onNext from "@gatewright/verify/next";
import * as slim from "@gatewright/verify/slim";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";

const issuer = "https://auth.example.com";
const verifier = createVerifier({ issuer });
createVerifier({ issuer, audience: "api", jwksUrl: new URL(issuer), algorithms: ["EdDSA"], clockTolerance: 5, cache: true });
createVerifier({ issuer, jwks: { keys: [{}] }, revocations: ({ sid }) => sid === "ended" });
createVerifier({ issuer, jwks: "{}", revocations: async () => false, now: () => 0, fetch });
slim.createVerifier({ issuer, secret: new Uint8Array(32), revocations: kvRevocations({ get: async () => null }) });
// @ts-expect-error the issuer is required
createVerifier({ audience: "api" });
// @ts-expect-error the keys have exactly one source
createVerifier({ issuer, secret: "…", jwksUrl: issuer });
// @ts-expect-error this algorithm is not supported
createVerifier({ issuer, algorithms: ["none"] });
// @ts-expect-error seconds must be a number
createVerifier({ issuer, clockTolerance: "1m" });
// @ts-expect-error this option doesn't exist
createVerifier({ issuer, clockSkew: 5 });

export async function verified(token: string): Promise<string> {
  const claims: Claims = await verifier.verify(token);
  const { sub, exp, roles = [] } = verifier.verifySync(token);
  // @ts-expect-error the type of other claims is unknown
  const plan: string = claims["plan"];
  // @ts-expect-error times are numbers
  const expires: string = exp;
  // @ts-expect-error roles may be missing
  claims.roles.length;
  const allowed: boolean[] = [can(claims, "posts:write"), hasRole(claims, "admin"), hasAnyRole({ roles }, ["a"]), hasAllRoles({}, [])];
  // @ts-expect-error the roles must be an array
  hasAnyRole(claims, "admin");
  // @ts-expect-error this is not a question
  verifier.decide(claims, { permissions: ["a:b"] });
  return [sub, plan, expires, allowed].join();
}

export function told(error: unknown): RefusalCode | undefined {
  if (!(error instanceof VerifyError)) return undefined;
  const status: 401 | 503 | 500 = error.status;
  // @ts-expect-error this code doesn't exist
  if (error.code === "token_too_old") return undefined;
  return error.code === "token_expired" && status === 401 ? error.code : undefined;
}

export default {
  async fetch(request: Request): Promise<Response> {
    const claims = await onFetch.requireRole(verifier, "admin", "editor")(request);
    // @ts-expect-error the result can be a response
    claims.sub;
    if (claims instanceof Response) return claims;
    return Response.json({ sub: claims.sub });
  },
};
// @ts-expect-error at least one role is required
onFetch.requireRole(verifier);
// @ts-expect-error the roles are separate arguments, not an array
onFetch.requireAllRoles(verifier, ["admin"]);
// @ts-expect-error the permission is required
onFetch.requirePermission(verifier);

new Hono().get("/me", onHono.requireAuth(verifier), (c) => c.json({ length: c.get("claims").sub.length }));

express().get("/me", onExpress.requireAuth(verifier), (request, response) => {
  // @ts-expect-error claims can be missing without a guard
  request.claims.sub;
  response.json({ sub: request.claims?.sub });
});

Fastify().get("/me", { onRequest: onFastify.requirePermission(verifier, "a:b") }, async ({ claims }) => ({ sub: claims?.sub }));

export const GET = onNext.requireAuth(verifier)(
  async (request, { claims, params }: { claims: Claims; params: Promise<{ id: string }> }) =>
    Response.json({ id: (await params).id, sub: claims.sub, url: request.url }),
);
GET(new Request(issuer), { params: Promise.resolve({ id: "1" }) });
export const POST = onNext.requirePermission(verifier, "a:b")(
  async (request, { claims, params }) => Response.json({ id: (await params).id, sub: claims.sub, url: request.url }),
);
class NextRequest extends Request {
  nextUrl = new URL(this.url);
}
export const PUT = onNext.requireAuth(verifier)(
  async (request: NextRequest, { claims }: { claims: Claims }) => Response.json({ sub: claims.sub, path: request.nextUrl.pathname }),
);
// @ts-expect-error the request must be a NextRequest
PUT(new Request(issuer), {});
// @ts-expect-error the params are required
GET(new Request(issuer), {});

const hash: string = crypto.hashPassword("password", { memory: 19_456 });
const matches: boolean = crypto.verifyPassword("password", hash) && crypto.needsRehash(hash);
const instead: string | null = crypto.rehashPassword("password", hash);
const step: number | null = crypto.totp.verify(crypto.totp.generateSecret(), "123456", { after: 1 });
// @ts-expect-error a code is text, because it can begin with 0
crypto.totp.verify("secret", 123456);
// @ts-expect-error the result is not a promise
crypto.hashPassword("password").then(String);
export { matches, step };
