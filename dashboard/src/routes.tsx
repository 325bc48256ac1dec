import { type ComponentType, lazy, type ReactElement, Suspense } from 'react';
import { createBrowserRouter, Navigate, type RouteObject } from 'react-router';
import { PageSkeleton } from './parts/skeletons.js';
import { Fault } from './shell/fault.js';
import { Gate } from './shell/gate.js';

/** A page that is fetched when it is first visited. */
function page(path: string, load: () => Promise<{ default: ComponentType }>): RouteObject {
  const Content = lazy(load);
  const element: ReactElement = (
    <Suspense fallback={<PageSkeleton />}>
      <Content />
    </Suspense>
  );
  return { path, element, errorElement: <Fault /> };
}

export const router = createBrowserRouter(
  [
    {
      element: <Gate />,
      errorElement: <Fault />,
      children: [
        page('/', () => import('./pages/overview/overview-page.js')),
        page('/credentials', () => import('./pages/credentials/credentials-page.js')),
        page('/credentials/:id', () => import('./pages/credentials/credential-page.js')),
        page('/servers', () => import('./pages/servers/servers-page.js')),
        page('/servers/:slug', () => import('./pages/servers/server-page.js')),
        page('/webhooks', () => import('./pages/webhooks/webhooks-page.js')),
        page('/audit', () => import('./pages/audit/audit-page.js')),
        page('/admins', () => import('./pages/admins/admins-page.js')),
        page('/settings', () => import('./pages/settings/settings-page.js')),
        // Whoever is signed in has no business there.
        { path: '/sign-in', element: <Navigate to="/" replace /> },
        page('*', () => import('./pages/not-found-page.js')),
      ],
    },
  ],
  { basename: '/dashboard' },
);
