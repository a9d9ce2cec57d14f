/** Alerts that are known at a time, resolved ones of the last minutes among them. New ones beyond are refused with `too_many_alerts`. */
export const MAX_ALERTS = 50_000;
/** Labels of one alert; more are refused. */
export const MAX_ALERT_LABELS = 128;
/** Characters of a label's name or value; longer ones are refused, because a shortened label would be another alert. */
export const MAX_LABEL_LENGTH = 8_192;
/** Annotations of one alert; the rest is left out. */
export const MAX_ANNOTATIONS = 128;
/** Characters of an annotation; the beginning of a longer one is kept: a text that is too long must not keep people from being told. */
export const MAX_ANNOTATION_LENGTH = 16_384;
/** Characters of the address where an alert comes from; longer ones are left out. */
export const MAX_GENERATOR_URL_LENGTH = 8_192;

/** How long a resolved alert stays in lists. */
export const RESOLVED_SHOWN_MS = 5 * 60_000;
/** How long the end of an alert is tried to be told. After that it is given up, and said so in the log. */
export const RESOLVED_KEPT_MS = 5 * 24 * 3_600_000;
/** After a start an alert is held for as long as it was valid when it was told last, up to this: nobody could renew it meanwhile. */
export const MAX_RENEWAL_MS = 20 * 60_000;

/** Silences that are active or pending; more are refused with `too_many_silences`. */
export const MAX_SILENCES = 5_000;
/** Expired ones that are kept beside; the oldest go first. */
export const MAX_EXPIRED_SILENCES = 10_000;
/** How long an expired silence can be looked at. */
export const EXPIRED_SILENCE_KEPT_MS = 5 * 24 * 3_600_000;
export const MAX_SILENCE_MATCHERS = 100;
/** Characters of all matchers of a silence. */
export const MAX_SILENCE_TEXT_LENGTH = 65_536;
/** Characters of the comment and of the creator's name. */
export const MAX_SILENCE_COMMENT_LENGTH = 8_192;

/** Deliveries at the same time, of all integrations; the others wait. The notifier has bounds of its own for what it sends at once. */
export const MAX_DELIVERIES = 4_000;
/** Of one integration. What waits for its rate limit counts, so that it can become part of a digest. */
export const MAX_DELIVERIES_PER_INTEGRATION = 500;
/** A delivery may take as long as the group's interval, but at least and at most these. */
export const MIN_DELIVERY_MS = 10_000;
export const MAX_DELIVERY_MS = 15 * 60_000;
/** A delivery that goes on for so long after it was ended counts as failed. */
export const ABORT_GRACE_MS = 5_000;
/** Pause after the first failure; it doubles with each further one up to the group's interval. */
export const FIRST_RETRY_MS = 10_000;
export const MAX_RETRY_MS = 5 * 60_000;
/** A delivery outside of groups, an escalation or a test, may take so long. */
export const TELL_MS = 60_000;
/** How long running deliveries may take to end when the server stops. */
export const STOP_MS = 1_500;

/** Alerts of one notification that get an event each; the rest gets one together. */
export const MAX_EVENTS_PER_NOTIFICATION = 200;
/** How long the log remembers a group that has no alerts any more: threads and messages go on within that. */
export const LOG_KEPT_MS = 24 * 3_600_000;
/** Groups without alerts that the log remembers; those told longest ago go first. */
export const MAX_IDLE_LOG_ENTRIES = 20_000;
/** Characters of a channel's state; a longer one is not kept. */
export const MAX_STATE_LENGTH = 8_192;

/** Longest time between two looks at what has run out. */
export const SWEEP_MS = 60_000;
/** Shortest. */
export const MIN_SWEEP_MS = 1_000;
