import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { pathOf } from './answer.ts';
import { accepts, encodeBody, parseAccept } from './encoding.ts';

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.map': 'application/json',
};

/** The built interface is about 1 MB; what is beyond this is not ours and is not served. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
const MAX_FILES = 2_000;

interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzip: Buffer | undefined;
  readonly brotli: Buffer | undefined;
  readonly etag: string;
  /** Has a content hash in its name: may be kept for ever. */
  readonly isHashed: boolean;
}

interface Build {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly builtAtMs: number;
}

export interface StaticUiOptions {
  /** Folder with index.html and assets. It may be empty, and may be built anew while the server runs. */
  readonly folder: string;
  /**
   * JSON that index.html carries as `<script type="application/json" id="boot">`, so that the first paint needs no request.
   * Such a block is data: the content security policy's `script-src` does not apply to it.
   */
  readonly boot: (request: IncomingMessage) => Promise<unknown>;
}

export interface StaticUi {
  /** Answers a GET or HEAD of a page or asset. False when there is nothing of that path and no page is asked for. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

/**
 * Serves the built interface from memory. Only files that were listed at the time of the build can be asked for, so no path,
 * however spelled, leads out of the folder.
 */
export function createStaticUi(options: StaticUiOptions): StaticUi {
  let build: Build = { assets: new Map(), builtAtMs: -1 };

  async function refresh(): Promise<Build> {
    const builtAtMs = await modifiedMs(join(options.folder, 'index.html'));
    if (builtAtMs !== build.builtAtMs) build = { assets: await readAssets(options.folder), builtAtMs };
    return build;
  }

  return {
    async serve(request, response) {
      const path = decodePath(pathOf(request.url));
      const isPage = path === '/' || path === '/index.html';
      const known = isPage ? undefined : (build.assets.get(path) ?? (await refresh()).assets.get(path));
      if (known !== undefined) {
        sendAsset(request, response, known);
        return true;
      }
      if (!isPage && !wantsPage(request, path)) return false;
      const index = (await refresh()).assets.get('/index.html');
      if (index === undefined) sendNotBuilt(response);
      else await sendPage(request, response, index, await options.boot(request));
      return true;
    },
  };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Not valid percent encoding: no asset has such a name.
    return path;
  }
}

/** A path the router inside the page owns, as against an asset that is missing. */
function wantsPage(request: IncomingMessage, path: string): boolean {
  const accepted = parseAccept(request.headers.accept);
  return accepted.has('text/html') && !path.startsWith('/assets/');
}

async function modifiedMs(path: string): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  return stats === undefined ? -1 : stats.mtimeMs;
}

async function readAssets(folder: string): Promise<ReadonlyMap<string, Asset>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, string>();
  for (const entry of entries.slice(0, MAX_FILES)) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, file).split(sep).join('/')}`, file);
  }
  const assets = new Map<string, Asset>();
  for (const [path, file] of files) {
    if (/\.(gz|br)$/.test(path)) continue;
    if ((await stat(file)).size > MAX_FILE_BYTES) continue;
    assets.set(path, await readAsset(path, file, files));
  }
  return assets;
}

async function readAsset(path: string, file: string, files: ReadonlyMap<string, string>): Promise<Asset> {
  const bytes = await readFile(file);
  return {
    type: contentTypes[extname(path)] ?? 'application/octet-stream',
    bytes,
    gzip: files.has(`${path}.gz`) ? await readFile(`${file}.gz`) : undefined,
    brotli: files.has(`${path}.br`) ? await readFile(`${file}.br`) : undefined,
    etag: `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    isHashed: /^\/assets\/.*-[\w-]{8}\.\w+$/.test(path),
  };
}

function sendAsset(request: IncomingMessage, response: ServerResponse, asset: Asset): void {
  response.setHeader('ETag', asset.etag);
  response.setHeader('Cache-Control', asset.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  response.setHeader('Vary', 'Accept-Encoding');
  if (request.headers['if-none-match'] === asset.etag) {
    response.writeHead(304).end();
    return;
  }
  const acceptEncoding = request.headers['accept-encoding'];
  const isBrotli = asset.brotli !== undefined && accepts(acceptEncoding, 'br');
  const isGzip = !isBrotli && asset.gzip !== undefined && accepts(acceptEncoding, 'gzip');
  const body = isBrotli ? asset.brotli! : isGzip ? asset.gzip! : asset.bytes;
  if (isBrotli || isGzip) response.setHeader('Content-Encoding', isBrotli ? 'br' : 'gzip');
  response.writeHead(200, { 'Content-Type': asset.type, 'Content-Length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function sendPage(
  request: IncomingMessage,
  response: ServerResponse,
  index: Asset,
  boot: unknown,
): Promise<void> {
  // `<` would let a value end the block; in JSON it may be written as an escape.
  const json = JSON.stringify(boot).replaceAll('<', '\\u003c');
  const block = `<script type="application/json" id="boot">${json}</script>`;
  const html = Buffer.from(index.bytes.toString().replace('</head>', () => `${block}</head>`));
  const { body, coding } = await encodeBody(html, request.headers['accept-encoding']);
  response.writeHead(200, {
    'Content-Type': index.type,
    'Content-Length': body.length,
    // The block differs from moment to moment and from reader to reader.
    'Cache-Control': 'private, no-cache',
    Vary: 'Accept-Encoding, Cookie',
    ...(coding !== undefined && { 'Content-Encoding': coding }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function sendNotBuilt(response: ServerResponse): void {
  const html = Buffer.from(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Bellwether</title>
<h1>The interface is not built</h1>
<p>The server runs and receives data. To build its pages, run <code>npm run build</code> in the project's folder and load this page again.</p>
<p>The same data is available as JSON; <a href="/api/openapi.json">/api/openapi.json</a> describes it.</p>
</html>
`);
  response.writeHead(503, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': html.length,
    'Cache-Control': 'no-store',
  });
  response.end(html);
}
