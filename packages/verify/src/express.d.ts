import type { Guards } from "./guards.js";
import type { Claims } from "./verifier.js";

declare global {
  namespace Express {
    interface Request {
      /** What the access token says, behind a guard. */
      claims?: Claims;
    }
  }
}

/** A middleware of Express. What comes after it finds the claims in `request.claims`. */
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
