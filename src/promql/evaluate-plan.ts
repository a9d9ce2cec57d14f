import type { PlanNode } from './engine-types.ts';

/** A node of the plan while its part of the query runs. */
export class PlanRecorder {
  operation: string;
  readonly expression: () => string;
  seriesOut = 0;
  samplesRead = 0;
  elapsedMs = 0;
  readonly children: PlanRecorder[] = [];

  /** @param expression prints the node's expression; called when the plan is shown. */
  constructor(operation: string, expression: () => string) {
    this.operation = operation;
    this.expression = expression;
  }

  child(operation: string, expression: () => string): PlanRecorder {
    const child = new PlanRecorder(operation, expression);
    this.children.push(child);
    return child;
  }

  toNode(): PlanNode {
    return {
      operation: this.operation,
      expression: this.expression(),
      seriesOut: this.seriesOut,
      samplesRead: this.samplesRead,
      elapsedMs: this.elapsedMs,
      children: this.children.map((child) => child.toNode()),
    };
  }
}
