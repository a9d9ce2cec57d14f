// `npm start`: set-up, then the server in this very process, so that signals reach it without a wrapper in between.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUp } from './setup.mjs';

await setUp();
const entry = join(root, 'dist', 'main.js');
process.argv[1] = entry;
await import(pathToFileURL(entry).href);
