import { NOT_LISTED, STOP_LISTING } from './default-limits.ts';

const CELL = 'padding:4px 12px 4px 0;vertical-align:top;text-align:left;font-weight:normal';

/**
 * E-mail as tables with styles on the elements, which is what mail programs understand. The HTML is meant for HTML mode: it has no
 * escaping of its own.
 */
export const EMAIL_TEMPLATES = `
{{ define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
{{ define "email.default.text" }}{{ template "__text_alerts" . }}{{ template "__alertmanagerURL" . }}
{{ end }}
{{ define "__email_pairs" }}{{ range .SortedPairs }}
      <tr><th style="${CELL};color:#57606a">{{ .Name }}</th><td style="${CELL}">{{ .Value }}</td></tr>
{{- end }}{{ end }}
{{ define "__email_alert" }}
  <div style="margin:0 0 16px;padding:12px 16px;border:1px solid #d0d7de;border-left:4px solid {{ if eq .Status "firing" }}#cf222e{{ else }}#1a7f37{{ end }};border-radius:4px">
    <p style="margin:0 0 8px;font-size:16px;font-weight:bold">{{ with .Annotations.summary }}{{ . }}{{ else }}{{ .Labels.alertname }}{{ end }}</p>
    {{ with .Annotations.description }}<p style="margin:0 0 8px">{{ . }}</p>{{ end }}
    <table role="presentation" style="border-collapse:collapse;font-size:13px">
      {{- template "__email_pairs" .Labels }}
      {{- template "__email_pairs" (.Annotations.Remove (stringSlice "summary" "description" "runbook_url")) }}
      <tr><th style="${CELL};color:#57606a">Since</th><td style="${CELL}">{{ .StartsAt.UTC.Format "2006-01-02 15:04:05 MST" }}</td></tr>
      {{- if eq .Status "resolved" }}
      <tr><th style="${CELL};color:#57606a">Until</th><td style="${CELL}">{{ .EndsAt.UTC.Format "2006-01-02 15:04:05 MST" }}</td></tr>
      {{- end }}
    </table>
    <p style="margin:8px 0 0">
      {{- if eq .Status "firing" }}{{ with .Links.acknowledge }}<a href="{{ . }}">Acknowledge</a> &nbsp; {{ end }}{{ end }}
      {{- with .Links.alert }}<a href="{{ . }}">Open</a> &nbsp; {{ end }}
      {{- with .Annotations.runbook_url }}<a href="{{ . }}">Runbook</a> &nbsp; {{ end }}
      {{- with .GeneratorURL }}<a href="{{ . }}">Source</a>{{ end -}}
    </p>
  </div>
{{ end }}
{{ define "email.default.html" -}}
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>{{ template "__subject" . }}</title>
</head>
<body style="margin:0;padding:16px;background:#ffffff;color:#1f2328;font-family:system-ui,sans-serif;font-size:14px;line-height:1.5">
<div style="max-width:640px;margin:0 auto">
  {{ with .Alerts.Firing }}<h2 style="margin:0 0 12px;font-size:18px;color:#cf222e">{{ len . }} firing</h2>
  {{ range $i, $alert := . }}${STOP_LISTING}{{ template "__email_alert" . }}{{ end }}<div>${NOT_LISTED}</div>{{ end }}
  {{ with .Alerts.Resolved }}<h2 style="margin:0 0 12px;font-size:18px;color:#1a7f37">{{ len . }} resolved</h2>
  {{ range $i, $alert := . }}${STOP_LISTING}{{ template "__email_alert" . }}{{ end }}<div>${NOT_LISTED}</div>{{ end }}
  <p style="color:#57606a;font-size:12px">Sent by <a href="{{ template "__alertmanagerURL" . }}" style="color:#57606a">{{ template "__alertmanager" . }}</a></p>
</div>
</body>
</html>
{{ end }}
`;
