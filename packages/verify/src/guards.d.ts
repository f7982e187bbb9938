import type { Verifier } from "./verifier.js";

/**
 * The four guards, as each framework has them. The token is that of the header `Authorization: Bearer …`. Who is not let
 * through gets `{"error": {"code", "message", "status_code"}}` with `WWW-Authenticate` (RFC 6750): 401 without a valid
 * token, 403 without the role or permission, 503 where keys or revocations can't be had now (told on `console.error`).
 */
export interface Guards<Guard> {
  /** Lets requests with a valid access token through. */
  requireAuth(verifier: Verifier): Guard;
  /** Lets who has one of the roles through. */
  requireRole(verifier: Verifier, ...roles: [string, ...string[]]): Guard;
  /** Lets who has each of the roles through. */
  requireAllRoles(verifier: Verifier, ...roles: [string, ...string[]]): Guard;
  /** Lets who has the permission through. */
  requirePermission(verifier: Verifier, permission: string): Guard;
}
