import { snappyCompress } from '../../dist/lib/snappy.js';
import { Message } from './protobuf.mjs';

const HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};

/** A body of remote write 1.0 with one sample per series; labels as pairs, sorted by name. */
export function writeRequest(series, timeMs) {
  const request = new Message();
  for (const { labels, value } of series) {
    const message = new Message();
    for (const [name, text] of labels) message.message(1, new Message().string(1, name).string(2, text));
    message.message(2, new Message().double(1, value).uint(2, timeMs));
    request.message(1, message);
  }
  return snappyCompress(Uint8Array.from(request.bytes));
}

/** Sends bodies one after the other. */
export async function remoteWrite(url, bodies) {
  for (const body of bodies) {
    const answer = await fetch(`${url}/api/v1/write`, { method: 'POST', headers: HEADERS, body });
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  }
}
