import { expect, test } from 'vitest';
import type { AlertEngine, AlertEngineParts, AlertView } from '../alerts/engine-types.ts';
import type { AlertMatcher, DocumentStore, RecordEvents } from '../alerts/types.ts';
import type {
  AcknowledgementJson,
  ActiveAlertJson,
  EscalationStatusJson,
  OnCallJson,
} from '../contract/index.ts';
import type { OnCall, OnCallParts } from './on-call.ts';
import type { acknowledgementJson, escalationJson, OnCallView, responseJson } from './on-call-view.ts';
import type {
  OnCallAlertView,
  OnCallDocuments,
  OnCallMatcher,
  RecordOnCallEvents,
  TellReceiver,
} from './types.ts';

type Fits<Given extends Wanted, Wanted> = Given;

/** The compiler checks these: the alert engine's shapes may be given to on-call, and on-call's to the engine and the API. */
type Shapes = [
  Fits<AlertView, OnCallAlertView>,
  Fits<AlertEngine['alert'], OnCallParts['alertOf']>,
  Fits<AlertEngine['alerts'], () => readonly OnCallAlertView[]>,
  Fits<AlertEngine['tell'], TellReceiver>,
  Fits<RecordEvents, RecordOnCallEvents>,
  Fits<DocumentStore, OnCallDocuments>,
  Fits<AlertMatcher, OnCallMatcher>,
  Fits<OnCall['isAcknowledged'], AlertEngineParts['isAcknowledged']>,
  Fits<OnCall['priorityOf'], AlertEngineParts['priorityOf']>,
  Fits<OnCallView, OnCallJson>,
  Fits<ReturnType<typeof acknowledgementJson>, AcknowledgementJson>,
  Fits<ReturnType<typeof escalationJson>, EscalationStatusJson>,
  Fits<ReturnType<typeof responseJson>, NonNullable<ActiveAlertJson['response']>>,
];

test('shapes of the alert engine and of on-call fit each other', () => {
  const count: Shapes['length'] = 13;
  expect(count).toBe(13);
});
