import type { onRequestAsyncHookHandler } from "fastify";
import type { Guards } from "./guards.js";
import type { Claims } from "./verifier.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The claims of the access token. Set by a guard. */
    claims?: Claims;
  }
}

/** A Fastify hook for `onRequest`. Later hooks and handlers find the claims in `request.claims`. */
export type Guard = onRequestAsyncHookHandler;

/** See {@link Guards.requireAuth}. */
export declare const requireAuth: Guards<Guard>["requireAuth"];
/** See {@link Guards.requireRole}. */
export declare const requireRole: Guards<Guard>["requireRole"];
/** See {@link Guards.requireAllRoles}. */
export declare const requireAllRoles: Guards<Guard>["requireAllRoles"];
/** See {@link Guards.requirePermission}. */
export declare const requirePermission: Guards<Guard>["requirePermission"];
