import type { MiddlewareHandler } from "hono";
import type { Guards } from "./guards.js";
import type { Claims } from "./verifier.js";

/** A Hono middleware. Later handlers find the claims in `c.get("claims")`. */
export type Guard = MiddlewareHandler<{ Variables: { claims: Claims } }>;

/** See {@link Guards.requireAuth}. */
export declare const requireAuth: Guards<Guard>["requireAuth"];
/** See {@link Guards.requireRole}. */
export declare const requireRole: Guards<Guard>["requireRole"];
/** See {@link Guards.requireAllRoles}. */
export declare const requireAllRoles: Guards<Guard>["requireAllRoles"];
/** See {@link Guards.requirePermission}. */
export declare const requirePermission: Guards<Guard>["requirePermission"];
