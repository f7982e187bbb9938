import type { Guards } from "./guards.js";
import type { Claims } from "./verifier.js";

/** Wraps a route handler, whose second parameter then has `claims` in addition to `params`. */
export type Guard = <
  Incoming extends Request,
  Context extends { claims: Claims } = { claims: Claims; params: Promise<Record<string, string>> },
>(
  handler: (request: Incoming, context: Context) => Response | Promise<Response>,
) => (request: Incoming, context: Omit<Context, "claims">) => Promise<Response>;

/** See {@link Guards.requireAuth}. */
export declare const requireAuth: Guards<Guard>["requireAuth"];
/** See {@link Guards.requireRole}. */
export declare const requireRole: Guards<Guard>["requireRole"];
/** See {@link Guards.requireAllRoles}. */
export declare const requireAllRoles: Guards<Guard>["requireAllRoles"];
/** See {@link Guards.requirePermission}. */
export declare const requirePermission: Guards<Guard>["requirePermission"];
