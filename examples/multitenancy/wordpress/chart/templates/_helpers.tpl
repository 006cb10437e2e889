{{/* The image to run: as given, or its copy in the registry of the installation. Takes (list root image). */}}
{{- define "wordpress-chart.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := (($root.Values.global).imageRegistry) | default "" | trimSuffix "/" -}}
{{- if $registry -}}
{{- printf "%s/%s" $registry (last (splitList "/" $image)) -}}
{{- else -}}
{{- $image -}}
{{- end -}}
{{- end -}}

{{/* Labels of every object. Takes (list root component). */}}
{{- define "wordpress-chart.labels" -}}
{{- $root := index . 0 -}}
{{ include "wordpress-chart.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{/* Labels that pods are found by. */}}
{{- define "wordpress-chart.selector" -}}
app.kubernetes.io/name: wordpress
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* What every container here is denied: enough for Pod Security "restricted". */}}
{{- define "wordpress-chart.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "wordpress-chart.secretName" -}}
{{ .Values.resourceName }}-credentials
{{- end -}}
