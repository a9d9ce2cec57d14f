/** For tests: the simulated browser lays nothing out, so every element gets this size. Returns the way back. */
export function fakeLayout(size: { width: number; height: number }): () => void {
  const names = {
    offsetWidth: size.width,
    clientWidth: size.width,
    offsetHeight: size.height,
    clientHeight: size.height,
  };
  const before = Object.keys(names).map((name) => {
    return {
      owner: HTMLElement.prototype,
      name,
      descriptor: Object.getOwnPropertyDescriptor(HTMLElement.prototype, name),
    };
  });
  for (const { owner, name } of before) {
    Object.defineProperty(owner, name, { configurable: true, get: () => names[name as keyof typeof names] });
  }
  return () => {
    for (const { owner, name, descriptor } of before) {
      if (descriptor) Object.defineProperty(owner, name, descriptor);
    }
  };
}
