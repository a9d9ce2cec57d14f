/** The syntax tree. `start` and `end` are offsets into the source. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Node =
  | TextNode
  | ActionNode
  | BranchNode
  | RangeNode
  | CallTemplateNode
  | (Span & { readonly kind: 'break' | 'continue' });

export interface TextNode extends Span {
  readonly kind: 'text';
  readonly text: string;
}

export interface ActionNode extends Span {
  readonly kind: 'action';
  readonly pipe: Pipe;
}

export interface BranchNode extends Span {
  readonly kind: 'if' | 'with';
  readonly pipe: Pipe;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

export interface RangeNode extends Span {
  readonly kind: 'range';
  readonly pipe: Pipe;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

export interface CallTemplateNode extends Span {
  readonly kind: 'template';
  readonly name: string;
  readonly pipe: Pipe | undefined;
}

/** Commands with bars between; the value goes to the variables on the left, if there are any. */
export interface Pipe extends Span {
  readonly kind: 'pipe';
  readonly variables: readonly string[];
  /** `=` and not `:=`. */
  readonly isAssignment: boolean;
  readonly commands: readonly Command[];
}

/** The first operand and its arguments. */
export interface Command extends Span {
  readonly operands: readonly Operand[];
}

export type Operand =
  | Pipe
  | (Span & { readonly kind: 'dot' })
  | (Span & { readonly kind: 'nil' })
  | (Span & { readonly kind: 'bool'; readonly value: boolean })
  | (Span & { readonly kind: 'string'; readonly value: string })
  | NumberOperand
  | (Span & { readonly kind: 'field'; readonly names: readonly string[] })
  | (Span & { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] })
  | (Span & { readonly kind: 'function'; readonly name: string })
  | ChainOperand;

/** `bigint` when it is written as an integer. */
export interface NumberOperand extends Span {
  readonly kind: 'number';
  readonly value: bigint | number;
}

/** Fields of something in parentheses. */
export interface ChainOperand extends Span {
  readonly kind: 'chain';
  readonly operand: Operand;
  readonly names: readonly string[];
}
