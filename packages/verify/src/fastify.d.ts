import type { onRequestAsyncHookHandler } from "fastify";
import type { Guards } from "./guards.js";
import type { Claims } from "./verifier.js";

declare module "fastify" {
  interface FastifyRequest {
    /** What the access token says, behind a guard. */
    claims?: Claims;
  }
}

/** A hook of Fastify, for `onRequest`. What comes after it finds the claims in `request.claims`. */
export type Guard = onRequestAsyncHookHandler;

/** See {@link Guards.requireAuth}. */
export declare const requireAuth: Guards<Guard>["requireAuth"];
/** See {@link Guards.requireRole}. */
export declare const requireRole: Guards<Guard>["requireRole"];
/** See {@link Guards.requireAllRoles}. */
export declare const requireAllRoles: Guards<Guard>["requireAllRoles"];
/** See {@link Guards.requirePermission}. */
export declare const requirePermission: Guards<Guard>["requirePermission"];
