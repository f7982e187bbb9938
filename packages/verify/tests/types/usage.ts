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
// @ts-expect-error keys come from one place
createVerifier({ issuer, secret: "…", jwksUrl: issuer });
// @ts-expect-error no such algorithm is accepted
createVerifier({ issuer, algorithms: ["none"] });
// @ts-expect-error seconds are a number
createVerifier({ issuer, clockTolerance: "1m" });
// @ts-expect-error no such option
createVerifier({ issuer, clockSkew: 5 });

export async function verified(token: string): Promise<string> {
  const claims: Claims = await verifier.verify(token);
  const { sub, exp, roles = [] } = verifier.verifySync(token);
  // @ts-expect-error what the issuer added may be anything
  const plan: string = claims["plan"];
  // @ts-expect-error times are numbers
  const expires: string = exp;
  // @ts-expect-error roles may be missing
  claims.roles.length;
  const allowed: boolean[] = [can(claims, "posts:write"), hasRole(claims, "admin"), hasAnyRole({ roles }, ["a"]), hasAllRoles({}, [])];
  // @ts-expect-error a list
  hasAnyRole(claims, "admin");
  // @ts-expect-error one thing is asked
  verifier.decide(claims, { permissions: ["a:b"] });
  return [sub, plan, expires, allowed].join();
}

export function told(error: unknown): RefusalCode | undefined {
  if (!(error instanceof VerifyError)) return undefined;
  const status: 401 | 503 | 500 = error.status;
  // @ts-expect-error no such code
  if (error.code === "token_too_old") return undefined;
  return error.code === "token_expired" && status === 401 ? error.code : undefined;
}

export default {
  async fetch(request: Request): Promise<Response> {
    const claims = await onFetch.requireRole(verifier, "admin", "editor")(request);
    // @ts-expect-error it may be a response
    claims.sub;
    if (claims instanceof Response) return claims;
    return Response.json({ sub: claims.sub });
  },
};
// @ts-expect-error at least one role
onFetch.requireRole(verifier);
// @ts-expect-error names, not a list
onFetch.requireAllRoles(verifier, ["admin"]);
// @ts-expect-error which permission
onFetch.requirePermission(verifier);

new Hono().get("/me", onHono.requireAuth(verifier), (c) => c.json({ length: c.get("claims").sub.length }));

express().get("/me", onExpress.requireAuth(verifier), (request, response) => {
  // @ts-expect-error there are none without a guard
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
// @ts-expect-error a request of another kind
PUT(new Request(issuer), {});
// @ts-expect-error without its parameters
GET(new Request(issuer), {});

const hash: string = crypto.hashPassword("password", { memory: 19_456 });
const matches: boolean = crypto.verifyPassword("password", hash) && crypto.needsRehash(hash);
const instead: string | null = crypto.rehashPassword("password", hash);
const step: number | null = crypto.totp.verify(crypto.totp.generateSecret(), "123456", { after: 1 });
// @ts-expect-error a code is text, as it may begin with 0
crypto.totp.verify("secret", 123456);
// @ts-expect-error no promise
crypto.hashPassword("password").then(String);
export { matches, step };
