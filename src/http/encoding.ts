import { promisify } from 'node:util';
import zlib from 'node:zlib';

/** Smaller answers fit a packet and are not worth compressing. */
const MIN_GZIP_BYTES = 1024;
const gzip = promisify(zlib.gzip);

/**
 * The items of an `Accept` or `Accept-Encoding` header that are wanted (weight above 0), lower case, without parameters.
 *
 * https://www.rfc-editor.org/rfc/rfc9110#section-12.5
 */
export function parseAccept(header: string | undefined): Set<string> {
  const wanted = new Set<string>();
  for (const item of (header ?? '').split(',')) {
    const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    if (name && (weight === undefined || Number(weight.slice(2)) > 0)) wanted.add(name);
  }
  return wanted;
}

export function accepts(header: string | undefined, coding: string): boolean {
  const wanted = parseAccept(header);
  return wanted.has(coding) || (wanted.has('*') && !isRefused(header, coding));
}

/** `gzip;q=0` beside `*`. */
function isRefused(header: string | undefined, coding: string): boolean {
  return (header ?? '')
    .toLowerCase()
    .split(',')
    .some((item) => item.trim().split(';')[0]!.trim() === coding);
}

/** Compresses a body off the event loop when the client takes gzip and it is worth it. */
export async function encodeBody(
  body: Buffer,
  acceptEncoding: string | undefined,
): Promise<{ body: Buffer; coding: 'gzip' | undefined }> {
  if (body.length < MIN_GZIP_BYTES || !accepts(acceptEncoding, 'gzip')) return { body, coding: undefined };
  return { body: await gzip(body, { level: 5 }), coding: 'gzip' };
}
