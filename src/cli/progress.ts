/** A bar on a terminal; silent elsewhere. `done` of `total`, drawn at most 20 times a second. */
export function createProgress(label: string, total: number): { step(): void; end(): void } {
  const isTerminal = process.stderr.isTTY === true;
  const width = 30;
  let done = 0;
  let drawnAtMs = 0;
  const draw = () => {
    const filled = total === 0 ? width : Math.round((done / total) * width);
    process.stderr.write(`\r${label} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${total}`);
  };
  return {
    step() {
      done++;
      if (!isTerminal || Date.now() - drawnAtMs < 50) return;
      drawnAtMs = Date.now();
      draw();
    },
    end() {
      if (!isTerminal) return;
      draw();
      process.stderr.write('\n');
    },
  };
}
