import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedDocs } from '../app/docs.ts';

/** Writes the generated pages into the folder of the documents. */
export function writeDocs(folder: string): number {
  for (const [name, text] of Object.entries(generatedDocs())) writeFileSync(join(folder, name), text);
  return 0;
}
