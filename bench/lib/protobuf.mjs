// A protobuf writer for benchmark payloads: plain, complete enough, not fast. Times are noted as they are written, so that a payload is
// encoded once and its times are overwritten in place before each send.

const text = new TextEncoder();

export class Message {
  constructor() {
    this.bytes = [];
    /** Offsets of 8-byte times in `bytes`. */
    this.times = [];
  }

  varint(value) {
    let rest = BigInt(value);
    while (rest >= 0x80n) {
      this.bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.bytes.push(Number(rest));
  }

  tag(field, wireType) {
    this.varint(field * 8 + wireType);
  }

  uint(field, value) {
    this.tag(field, 0);
    this.varint(value);
    return this;
  }

  double(field, value) {
    this.tag(field, 1);
    this.bytes.push(...new Uint8Array(new Float64Array([value]).buffer));
    return this;
  }

  time(field) {
    this.tag(field, 1);
    this.times.push(this.bytes.length);
    for (let i = 0; i < 8; i++) this.bytes.push(0);
    return this;
  }

  raw(field, bytes) {
    this.tag(field, 2);
    this.varint(bytes.length);
    for (const byte of bytes) this.bytes.push(byte);
    return this;
  }

  string(field, value) {
    return this.raw(field, text.encode(value));
  }

  message(field, inner) {
    this.tag(field, 2);
    this.varint(inner.bytes.length);
    const at = this.bytes.length;
    for (const byte of inner.bytes) this.bytes.push(byte);
    for (const offset of inner.times) this.times.push(at + offset);
    return this;
  }
}

/** A KeyValue of common.proto. */
export function attribute(key, value) {
  const inner = new Message();
  if (typeof value === 'boolean') inner.uint(2, value ? 1 : 0);
  else if (Number.isInteger(value)) inner.uint(3, value);
  else if (typeof value === 'number') inner.double(4, value);
  else inner.string(1, value);
  return new Message().string(1, key).message(2, inner);
}
