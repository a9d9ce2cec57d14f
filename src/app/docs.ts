import { configReference } from '../config/index.ts';
import { apiReference, createRoutes, openApiDocument, type RouteParts } from '../http/index.ts';
import { channelsPage } from './channels-page.ts';

/** Version in the generated pages: they follow the code, not a release. */
const docsVersion = 'current';

/** Pages that are derived from the code, by file name in docs/. */
export function generatedDocs(): Record<string, string> {
  // The route table only describes here; nothing of it is called.
  const routes = createRoutes({ services: { version: docsVersion } } as RouteParts);
  return {
    'configuration.md': configReference(),
    'api.md': apiReference(routes),
    'channels.md': channelsPage(),
    'openapi.json': `${JSON.stringify(openApiDocument(routes, docsVersion), null, 2)}\n`,
  };
}
