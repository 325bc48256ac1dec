import type { AdminDto, AdminKeyDto } from './admin.dto.js';
import type { Admin } from './admin.entity.js';
import type { AdminKey } from './admin-key.entity.js';

/** What the API shows of an admin. */
export const toAdminDto = (admin: Admin): AdminDto => ({
  id: admin.id,
  username: admin.username,
  role: admin.role,
  status: admin.isEnabled ? 'enabled' : 'disabled',
  signsInBy: admin.externalId === null ? 'password' : 'oidc',
  mustChangePassword: admin.mustChangePassword,
  createdAt: iso(admin.createdAt),
  createdBy: admin.createdBy,
  lastSignInAt: optionalIso(admin.lastSignInAt),
});

/** What the API shows of an admin key. */
export const toKeyDto = ({ id, label, role, hint, createdAt, createdBy, expiresAt, lastUsedAt }: AdminKey): AdminKeyDto => ({
  id,
  label,
  role,
  hint,
  createdAt: iso(createdAt),
  createdBy,
  expiresAt: optionalIso(expiresAt),
  lastUsedAt: optionalIso(lastUsedAt),
});

const iso = (time: number): string => new Date(time).toISOString();

const optionalIso = (time: number | null): string | null => (time === null ? null : iso(time));
