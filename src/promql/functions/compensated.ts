/**
 * The carry of Neumaier's compensated summation after `total = sum + term`; the true total is near `total + carry`. An infinite
 * total has no carry. Meant to be inlined into loops that must not allocate:
 *
 *     const total = sum + term;
 *     carry = nextCarry(carry, sum, term, total);
 *     sum = total;
 *
 * Source: Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen" (1974).
 */
export function nextCarry(carry: number, sum: number, term: number, total: number): number {
  if (total === Number.POSITIVE_INFINITY || total === Number.NEGATIVE_INFINITY) return 0;
  return Math.abs(sum) >= Math.abs(term) ? carry + (sum - total + term) : carry + (term - total + sum);
}
