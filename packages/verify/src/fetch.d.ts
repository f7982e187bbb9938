import type { Guards } from "./guards.js";
import type { Claims } from "./verifier.js";

/** Returns the claims of an admitted request, or the response that refuses it. */
export type Guard = (request: Request) => Promise<Claims | Response>;

/** See {@link Guards.requireAuth}. */
export declare const requireAuth: Guards<Guard>["requireAuth"];
/** See {@link Guards.requireRole}. */
export declare const requireRole: Guards<Guard>["requireRole"];
/** See {@link Guards.requireAllRoles}. */
export declare const requireAllRoles: Guards<Guard>["requireAllRoles"];
/** See {@link Guards.requirePermission}. */
export declare const requirePermission: Guards<Guard>["requirePermission"];
