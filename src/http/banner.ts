import type { FirstOwnerResult } from '../admin/first-owner.service.js';
import type { Config } from '../config/config.js';
import { PATHS } from '../protocol/urls.js';

/** What the operator reads after the start: where everything is, and what to try first. */
export function banner({ publicUrl, admin, docs }: Config, firstOwner: FirstOwnerResult | undefined): string {
  const api = `${publicUrl}${PATHS.adminApi}`;
  const lines = [
    `Gatehouse is ready. Serving ${docs.dir}`,
    `  MCP endpoint     ${publicUrl}${PATHS.protectedMcp} (token), ${publicUrl}${PATHS.publicMcp} (public pages)`,
    `  Token endpoint   ${publicUrl}${PATHS.token}`,
    `  Admin            ${publicUrl}${PATHS.swagger} (Swagger UI), ${publicUrl}${PATHS.dashboard} (dashboard)`,
    `  Try first        curl -u ${admin.username} -H 'content-type: application/json' -d '{"label":"my first credential"}' ${api}/credentials`,
  ];
  return [...lines, ...generatedPassword(firstOwner)].join('\n');
}

function generatedPassword(firstOwner: FirstOwnerResult | undefined): string[] {
  if (!firstOwner?.generatedPassword) return [];
  const { username, generatedPassword } = firstOwner;
  return ['', `  First admin      ${username}`, `  Password         ${generatedPassword}   (shown this once; keep it now)`];
}
