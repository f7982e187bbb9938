import type { Guards } from "./guards.js";
import type { Claims } from "./verifier.js";

/** The claims of a request that is let through, or the response for one that is not. */
export type Guard = (request: Request) => Promise<Claims | Response>;

/** See {@link Guards.requireAuth}. */
export declare const requireAuth: Guards<Guard>["requireAuth"];
/** See {@link Guards.requireRole}. */
export declare const requireRole: Guards<Guard>["requireRole"];
/** See {@link Guards.requireAllRoles}. */
export declare const requireAllRoles: Guards<Guard>["requireAllRoles"];
/** See {@link Guards.requirePermission}. */
export declare const requirePermission: Guards<Guard>["requirePermission"];
