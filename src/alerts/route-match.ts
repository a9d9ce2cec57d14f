import type { Labels } from '../model/labels.ts';
import { matchesLabels } from './matchers.ts';
import type { Route } from './types.ts';

/** A route that was looked at on the way of an alert down the tree. */
export interface RouteVisit {
  readonly route: Route;
  /** All its matchers hold. */
  readonly hasMatched: boolean;
  /** The alert is handled here: no child took it. */
  readonly isTaken: boolean;
}

/**
 * The routes that handle an alert, in the order of the file. An alert goes down into every child that matches until one does not
 * `continue`; a route none of whose children matches handles it itself. None when the root does not match, which it always does in a
 * configuration that was found right.
 */
export function matchingRoutes(root: Route, labels: Labels): Route[] {
  const taken: Route[] = [];
  descend(root, labels, (visit) => visit.isTaken && taken.push(visit.route));
  return taken;
}

/** Every route that was looked at, from the root down in the order of looking; those behind a match that does not `continue` are not. */
export function visitedRoutes(root: Route, labels: Labels): RouteVisit[] {
  const visits: RouteVisit[] = [];
  const places = new Map<Route, number>();
  descend(
    root,
    labels,
    (visit) => {
      visits[places.get(visit.route)!] = visit;
    },
    (route) => {
      places.set(route, visits.length);
      visits.push({ route, hasMatched: false, isTaken: false });
    },
  );
  return visits;
}

/** Calls `enter` before and `leave` after a route's children; tells whether the route matches. Trees are at most a bounded depth. */
function descend(
  route: Route,
  labels: Labels,
  leave: (visit: RouteVisit) => void,
  enter?: (route: Route) => void,
): boolean {
  enter?.(route);
  if (!matchesLabels(route.matchers, labels)) {
    leave({ route, hasMatched: false, isTaken: false });
    return false;
  }
  let isHandledBelow = false;
  for (const child of route.routes) {
    if (!descend(child, labels, leave, enter)) continue;
    isHandledBelow = true;
    if (!child.continues) break;
  }
  leave({ route, hasMatched: true, isTaken: !isHandledBelow });
  return true;
}
