import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { apiGet } from './lib/api.ts';
import { createQueryClient, keys } from './lib/queries.ts';
import { createAppRouter } from './router.tsx';

const client = createQueryClient();
const router = createAppRouter();

// On its way before anything is drawn: the shell and most pages wait for it.
void client.prefetchQuery({
  queryKey: [keys.status],
  queryFn: ({ signal }) => apiGet('/api/status', {}, { signal }),
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
