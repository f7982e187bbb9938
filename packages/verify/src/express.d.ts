import type { Guards } from "./guards.js";
import type { Claims } from "./verifier.js";

declare global {
  namespace Express {
    interface Request {
      /** The claims of the access token. Set by a guard. */
      claims?: Claims;
    }
  }
}

/** An Express middleware. Later handlers find the claims in `request.claims`. */
export type Guard = (
  request: { headers: { authorization?: string }; claims?: Claims },
  response: { status(code: number): { set(headers: Record<string, string>): { send(body: any): unknown } } },
  next: (error?: unknown) => void,
) => Promise<void>;

/** See {@link Guards.requireAuth}. */
export declare const requireAuth: Guards<Guard>["requireAuth"];
/** See {@link Guards.requireRole}. */
export declare const requireRole: Guards<Guard>["requireRole"];
/** See {@link Guards.requireAllRoles}. */
export declare const requireAllRoles: Guards<Guard>["requireAllRoles"];
/** See {@link Guards.requirePermission}. */
export declare const requirePermission: Guards<Guard>["requirePermission"];
