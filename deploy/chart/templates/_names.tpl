{{- define "tenantry.labels" -}}
app.kubernetes.io/name: tenantry
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "tenantry.selector" -}}
app.kubernetes.io/name: tenantry
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "tenantry.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* The namespace that holds the services' accounts and nothing else. */}}
{{- define "tenantry.accountsNamespace" -}}
{{ .Release.Namespace }}-services
{{- end }}

{{/* The namespace in which charts are tried on the cluster's policies; the operator makes the same name (src/api/names.ts). */}}
{{- define "tenantry.trialNamespace" -}}
{{ .Release.Namespace }}-trial
{{- end }}

{{- define "tenantry.operatorUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:tenantry-operator
{{- end }}

{{/*
Namespace of the operator that this cluster has already, if it is another one than this release's: empty if there is none. A release of a
further provider joins it and brings no operator of its own.
*/}}
{{- define "tenantry.joins" -}}
{{- if not (include "tenantry.writesClusterPart" .) -}}
{{- $binding := lookup "rbac.authorization.k8s.io/v1" "ClusterRoleBinding" "" "tenantry-operator" -}}
{{- range $subject := dig "subjects" list $binding -}}
{{- if ne $subject.namespace $.Release.Namespace -}}
{{ $subject.namespace }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "tenantry.runsOperator" -}}
{{- if and .Values.parts.operator (not (include "tenantry.joins" .)) -}}
yes
{{- end -}}
{{- end }}

{{/*
Whether this release writes the cluster part: always or never as asked; by `auto` if nobody has written it, or if it was
this release. A provider's install thus finds the owner's and leaves it alone, and an upgrade by the owner keeps it.
*/}}
{{- define "tenantry.writesClusterPart" -}}
{{- if eq (toString .Values.parts.cluster) "auto" -}}
{{- $role := lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" "tenantry-operator" -}}
{{- $notes := dig "metadata" "annotations" dict $role -}}
{{- if or (not $role) (and (eq (get $notes "meta.helm.sh/release-name") .Release.Name) (eq (get $notes "meta.helm.sh/release-namespace") .Release.Namespace)) -}}
yes
{{- end -}}
{{- else if eq (toString .Values.parts.cluster) "true" -}}
yes
{{- end -}}
{{- end }}
