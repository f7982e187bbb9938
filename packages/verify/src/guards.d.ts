import type { Verifier } from "./verifier.js";

/**
 * The four guards of each framework. They read the token from the header `Authorization: Bearer …`. A refused request
 * gets `{"error": {"code", "message", "status_code"}}` with `WWW-Authenticate` (RFC 6750): 401 without a valid token,
 * 403 without the role or permission, 503 if keys or revocations are unavailable (logged with `console.error`).
 */
export interface Guards<Guard> {
  /** Admits requests with a valid access token. */
  requireAuth(verifier: Verifier): Guard;
  /** Admits users with at least one of the roles. */
  requireRole(verifier: Verifier, ...roles: [string, ...string[]]): Guard;
  /** Admits users with all of the roles. */
  requireAllRoles(verifier: Verifier, ...roles: [string, ...string[]]): Guard;
  /** Admits users with the permission. */
  requirePermission(verifier: Verifier, permission: string): Guard;
}
