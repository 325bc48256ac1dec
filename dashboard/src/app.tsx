import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { RouterProvider } from 'react-router';
import { whenSignedOut } from './api/client.js';
import { onConnection, connection } from './api/connection.js';
import { ApiProblem, NoAnswer } from './api/problem.js';
import { sessionQuery } from './api/session.js';
import { router } from './routes.js';
import { theme } from './theme.js';

const colorSchemes = localStorageColorSchemeManager({ key: 'gatehouse-color-scheme' });

const isPassing = (error: unknown): boolean => error instanceof NoAnswer || (error instanceof ApiProblem && error.status === 503);

const queries = new QueryClient({
  defaultOptions: {
    // 'always': the browser's idea of being offline is often wrong; what counts is whether the server answers.
    queries: { retry: (count, error) => isPassing(error) && count < 2, networkMode: 'always', staleTime: 5000 },
    mutations: { retry: false, networkMode: 'always' },
  },
});

whenSignedOut(() => queries.setQueryData(sessionQuery.queryKey, null));
onConnection(() => {
  if (connection() === 'up') void queries.invalidateQueries();
});

export function App(): ReactElement {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemes}
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <Notifications position="bottom-right" autoClose={4000} />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
