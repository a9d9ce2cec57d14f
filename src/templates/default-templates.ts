import { EMAIL_TEMPLATES } from './default-email.ts';
import { NOT_LISTED, STOP_LISTING } from './default-limits.ts';
import type { TemplateSource } from './template-set.ts';

/** The product's name in messages. */
const COMMON = `
{{ define "__alertmanager" }}Bellwether{{ end }}
{{ define "__alertmanagerURL" }}{{ .ExternalURL }}/alerts?receiver={{ .Receiver | urlquery }}{{ end }}

{{ define "__subject" -}}
[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}]
{{- range .GroupLabels.SortedPairs }} {{ .Value }}{{ end }}
{{- with .CommonLabels.Remove .GroupLabels.Names }} ({{ join " " .Values }}){{ end }}
{{- end }}

{{ define "__description" -}}
{{ with .CommonAnnotations.summary }}{{ . }}{{ end }}
{{- with .CommonAnnotations.description }}
{{ . }}{{ end }}
{{- end }}

{{ define "__text_alert" -}}
{{ with .Annotations.summary }}{{ . }}
{{ end }}{{ with .Annotations.description }}{{ . }}
{{ end }}Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}
{{- with .Annotations.Remove (stringSlice "summary" "description") }}Annotations:
{{ range .SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}{{ end -}}
Since: {{ .StartsAt.UTC.Format "2006-01-02 15:04:05 MST" }}
{{ if eq .Status "firing" }}{{ with .Links.acknowledge }}Acknowledge: {{ . }}
{{ end }}{{ end }}{{ with .GeneratorURL }}Source: {{ . }}
{{ end }}{{ end }}
{{ define "__text_alert_list" }}{{ range $i, $alert := . }}${STOP_LISTING}{{ template "__text_alert" . }}
{{ end }}${NOT_LISTED}{{ end }}

{{ define "__text_alerts" -}}
{{ with .Alerts.Firing }}Firing ({{ len . }}):

{{ template "__text_alert_list" . }}{{ end }}
{{- with .Alerts.Resolved }}Resolved ({{ len . }}):

{{ template "__text_alert_list" . }}{{ end }}
{{- end }}

{{ define "__markdown_link" -}}
{{ if match "^https?://[^[:space:]()<>]+$" .url }}[{{ .text }}]({{ .url }}){{ else }}{{ .text }}: {{ escapeMarkdown .url }}{{ end }}
{{- end }}

{{ define "__text_alert_list_markdown" }}{{ range $i, $alert := . }}${STOP_LISTING}**{{ with .Annotations.summary }}{{ escapeMarkdown . }}{{ else }}{{ escapeMarkdown .Labels.alertname }}{{ end }}**

{{ with .Annotations.description }}{{ escapeMarkdown . }}

{{ end }}{{ range .Labels.SortedPairs }}- {{ escapeMarkdown .Name }}: {{ escapeMarkdown .Value }}
{{ end }}{{ with .Annotations.Remove (stringSlice "summary" "description" "runbook_url") }}{{ range .SortedPairs }}- {{ escapeMarkdown .Name }}: {{ escapeMarkdown .Value }}
{{ end }}{{ end }}
{{ with .Annotations.runbook_url }}{{ template "__markdown_link" (dict "text" "Runbook" "url" .) }} {{ end }}
{{- with .GeneratorURL }}{{ template "__markdown_link" (dict "text" "Source" "url" .) }}{{ end }}

{{ end }}${NOT_LISTED}{{ end }}
{{ define "__markdown_alerts" -}}
{{ with .Alerts.Firing }}# Firing ({{ len . }})

{{ template "__text_alert_list_markdown" . }}{{ end }}
{{- with .Alerts.Resolved }}# Resolved ({{ len . }})

{{ template "__text_alert_list_markdown" . }}{{ end }}
{{- end }}
`;

const SLACK = `
{{ define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "slack.default.fallback" }}{{ template "__subject" . }} | {{ template "__alertmanagerURL" . }}{{ end }}
{{ define "slack.default.callbackid" }}{{ end }}
{{ define "slack.default.pretext" }}{{ end }}
{{ define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "slack.default.iconemoji" }}{{ end }}
{{ define "slack.default.iconurl" }}{{ end }}
{{ define "slack.default.footer" }}{{ end }}
{{ define "__slack_alert" -}}
*{{ with .Annotations.summary }}{{ escapeSlack . }}{{ else }}{{ escapeSlack .Labels.alertname }}{{ end }}*
{{ with .Annotations.description }}{{ escapeSlack . }}
{{ end }}{{ range .Labels.SortedPairs }}• {{ escapeSlack .Name }}: {{ escapeSlack .Value }}
{{ end }}{{ with .Annotations.runbook_url }}Runbook: {{ escapeSlack . }}
{{ end }}{{ with .GeneratorURL }}Source: {{ escapeSlack . }}
{{ end }}{{ end }}
{{ define "__slack_alerts" }}{{ range $i, $alert := . }}${STOP_LISTING}{{ template "__slack_alert" . }}
{{ end }}${NOT_LISTED}{{ end }}
{{ define "slack.default.text" -}}
{{ with .Alerts.Firing }}{{ template "__slack_alerts" . }}{{ end }}
{{- with .Alerts.Resolved }}*Resolved ({{ len . }})*
{{ template "__slack_alerts" . }}{{ end }}{{ end }}
{{ define "rocketchat.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "rocketchat.default.alias" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "rocketchat.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "rocketchat.default.emoji" }}{{ end }}
{{ define "rocketchat.default.iconurl" }}{{ end }}
{{ define "rocketchat.default.text" }}{{ template "__text_alerts" . }}{{ end }}
{{ define "mattermost.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "mattermost.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "mattermost.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "mattermost.default.fallback" }}{{ template "__subject" . }} | {{ template "__alertmanagerURL" . }}{{ end }}
{{ define "mattermost.default.text" }}{{ template "__markdown_alerts" . }}{{ end }}
`;

const PAGERS = `
{{ define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
{{ define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end }}
{{ define "opsgenie.default.message" }}{{ template "__subject" . }}{{ end }}
{{ define "opsgenie.default.description" }}{{ template "__text_alerts" . }}{{ end }}
{{ define "opsgenie.default.source" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "victorops.default.state_message" }}{{ template "__text_alerts" . }}{{ end }}
{{ define "victorops.default.entity_display_name" }}{{ template "__subject" . }}{{ end }}
{{ define "victorops.default.monitoring_tool" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "jira.default.summary" }}{{ template "__subject" . }}{{ end }}
{{ define "jira.default.description" }}{{ template "__markdown_alerts" . }}{{ end }}
{{ define "jira.default.priority" -}}
{{ $alerts := .Alerts.Firing }}{{ if not $alerts }}{{ $alerts = .Alerts.Resolved }}{{ end }}
{{- $rank := 0 }}
{{- range $alerts }}
  {{- $severity := .Labels.severity }}
  {{- if and (eq $severity "critical") (lt $rank 3) }}{{ $rank = 3 }}{{ end }}
  {{- if and (eq $severity "warning") (lt $rank 2) }}{{ $rank = 2 }}{{ end }}
  {{- if and (eq $severity "info") (lt $rank 1) }}{{ $rank = 1 }}{{ end }}
{{- end }}
{{- index (stringSlice "" "Low" "Medium" "High") $rank }}
{{- end }}
`;

const MESSENGERS = `
{{ define "telegram.default.message" }}{{ template "__subject" . }}

{{ template "__text_alerts" . }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "pushover.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "pushover.default.message" }}{{ template "__text_alerts" . }}{{ end }}
{{ define "pushover.default.url" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "sns.default.subject" }}{{ template "__subject" . }}{{ end }}
{{ define "sns.default.message" }}{{ template "__text_alerts" . }}{{ end }}
{{ define "discord.default.content" }}{{ end }}
{{ define "discord.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "discord.default.message" }}{{ template "__markdown_alerts" . }}{{ end }}
{{ define "webex.default.message" }}{{ template "__subject" . }}

{{ template "__text_alerts" . }}{{ end }}
{{ define "msteams.default.summary" }}{{ template "__subject" . }}{{ end }}
{{ define "msteams.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "msteams.default.text" }}{{ template "__markdown_alerts" . }}{{ end }}
{{ define "msteamsv2.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "msteamsv2.default.text" }}{{ template "__markdown_alerts" . }}{{ end }}
{{ define "wechat.default.message" }}{{ template "__subject" . }}

{{ template "__text_alerts" . }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "wechat.default.to_user" }}{{ end }}
{{ define "wechat.default.to_party" }}{{ end }}
{{ define "wechat.default.to_tag" }}{{ end }}
{{ define "wechat.default.agent_id" }}{{ end }}
{{ define "ntfy.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "ntfy.default.message" }}{{ template "__text_alerts" . }}{{ end }}
{{ define "sms.default.message" }}{{ template "__subject" . }}{{ with .CommonAnnotations.summary }}: {{ . }}{{ end }}{{ end }}
{{ define "webhook.default.message" }}{{ template "__subject" . }}

{{ template "__text_alerts" . }}{{ end }}
`;

/**
 * The templates a configuration refers to without defining them, under the names Alertmanager gives them; `email.default.text`,
 * `ntfy.default.*`, `sms.default.*` and `webhook.default.*` are ours. To be compiled before the user's, so that those replace them.
 */
export const DEFAULT_TEMPLATES: readonly TemplateSource[] = [
  { name: 'default/common', text: COMMON },
  { name: 'default/slack', text: SLACK },
  { name: 'default/pagers', text: PAGERS },
  { name: 'default/messengers', text: MESSENGERS },
  { name: 'default/email', text: EMAIL_TEMPLATES },
];
