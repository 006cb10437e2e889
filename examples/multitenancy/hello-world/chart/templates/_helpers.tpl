{{/* The image to run: as given, or its copy in the registry of the installation. */}}
{{- define "hello-world-chart.image" -}}
{{- $registry := ((.Values.global).imageRegistry) | default "" | trimSuffix "/" -}}
{{- if $registry -}}
{{- printf "%s/%s" $registry (last (splitList "/" .Values.image)) -}}
{{- else -}}
{{- .Values.image -}}
{{- end -}}
{{- end -}}

{{- define "hello-world-chart.selector" -}}
app.kubernetes.io/name: hello-world
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "hello-world-chart.labels" -}}
{{ include "hello-world-chart.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}
