/** Writes protobuf for tests and benchmarks. */
export class ProtoWriter {
  readonly #bytes: number[] = [];

  varint(field: number, value: number | bigint): this {
    this.#tag(field, 0);
    return this.#raw(value);
  }

  /** sint32 and sint64. */
  zigzag(field: number, value: number): this {
    return this.varint(field, zigzagOf(value));
  }

  double(field: number, value: number): this {
    this.#tag(field, 1);
    this.#bytes.push(...doubleBytes(value));
    return this;
  }

  text(field: number, value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    return this.#block(field, bytes);
  }

  /** @param field undefined: only with the length in front, as messages of a delimited stream. */
  message(field: number | undefined, write: (message: ProtoWriter) => void): this {
    const inner = new ProtoWriter();
    write(inner);
    return this.#block(field, inner.bytes());
  }

  packedZigzag(field: number, values: readonly number[]): this {
    const inner = new ProtoWriter();
    for (const value of values) inner.#raw(zigzagOf(value));
    return this.#block(field, inner.bytes());
  }

  packedDoubles(field: number, values: readonly number[]): this {
    return this.#block(field, Uint8Array.from(values.flatMap(doubleBytes)));
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #tag(field: number, wireType: number): void {
    this.#raw(field * 8 + wireType);
  }

  #raw(value: number | bigint): this {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 128n; rest >>= 7n) this.#bytes.push(Number(rest & 127n) | 128);
    this.#bytes.push(Number(rest));
    return this;
  }

  #block(field: number | undefined, bytes: Uint8Array): this {
    if (field !== undefined) this.#tag(field, 2);
    this.#raw(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }
}

function zigzagOf(value: number): bigint {
  const integer = BigInt(value);
  return integer >= 0n ? integer * 2n : -integer * 2n - 1n;
}

function doubleBytes(value: number): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [...bytes];
}
