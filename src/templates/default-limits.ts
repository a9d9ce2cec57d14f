/** Alerts of one state that a default text describes; more of them would only bury the first. The texts say how many there are. */
const MAX_LISTED = 50;

/** At the beginning of the body of a `range $i, $alert := .`. */
export const STOP_LISTING = `{{ if eq $i ${MAX_LISTED} }}{{ break }}{{ end }}`;
/** Behind that range. */
export const NOT_LISTED = `{{ if gt (len .) ${MAX_LISTED} }}The first ${MAX_LISTED} of {{ len . }} are shown.
{{ end }}`;
