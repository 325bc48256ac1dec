import type { IconName } from '../parts/icon.js';

/** Where one can go, with the key that goes there after `g`. */
export const PLACES: readonly { readonly to: string; readonly label: string; readonly icon: IconName; readonly key: string }[] = [
  { to: '/', label: 'Overview', icon: 'overview', key: 'o' },
  { to: '/credentials', label: 'Credentials', icon: 'key', key: 'c' },
  { to: '/servers', label: 'Servers', icon: 'server', key: 's' },
  { to: '/audit', label: 'Audit', icon: 'audit', key: 'a' },
  { to: '/webhooks', label: 'Webhooks', icon: 'link', key: 'w' },
  { to: '/admins', label: 'Admins and keys', icon: 'people', key: 'p' },
  { to: '/settings', label: 'Settings', icon: 'settings', key: 't' },
];
