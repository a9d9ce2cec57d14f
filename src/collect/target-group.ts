/** Targets that were found together, with the labels they share. */
export interface TargetGroup {
  /** Names the group among those of its discovery: a group with the same source replaces the one before. */
  readonly source: string;
  /** Labels of all targets; a target's own win. */
  readonly labels: Readonly<Record<string, string>>;
  /** Labels of each target, `__address__` among them. */
  readonly targets: readonly Readonly<Record<string, string>>[];
}

/** Label with host and port of a target. */
export const ADDRESS = '__address__';
