{{/* What counts in the namespace, as JSON: `quota` and `limits` as the values have them, each only where it is on. */}}
{{- define "vcluster.policies" -}}
{{- $isolation := .Values.isolation | default dict -}}
{{- $isOlder := eq (toJson (get $isolation "enabled")) "true" -}}
{{- $from := ternary $isolation (.Values.policies | default dict) $isOlder -}}
{{- $quota := get $from "resourceQuota" | default dict -}}
{{- $limits := get $from "limitRange" | default dict -}}
{{- $quotaSaid := toJson (get $quota "enabled") -}}
{{- $limitsSaid := toJson (get $limits "enabled") -}}
{{- $isOn := or $isOlder (eq $quotaSaid "true") (eq $limitsSaid "true") -}}
{{- $out := dict -}}
{{- if and $isOn (ne $quotaSaid "false") -}}{{- $_ := set $out "quota" $quota -}}{{- end -}}
{{- if and $isOn (ne $limitsSaid "false") -}}{{- $_ := set $out "limits" $limits -}}{{- end -}}
{{- toJson $out -}}
{{- end -}}

{{/* Lines of a map as texts, over the defaults of that name. */}}
{{- define "vcluster.texts" -}}
{{- $defaults := dict -}}
{{- if .defaults -}}
  {{- $table := .root.Files.Get "files/keys.json" | fromJson -}}
  {{- $defaults = get $table.defaults .defaults -}}
{{- end -}}
{{- range $key, $value := mergeOverwrite (deepCopy $defaults) (.said | default dict) -}}
{{- if not (kindIs "invalid" $value) }}
{{ $key | quote }}: {{ $value | toString | quote }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Name, labels and annotations of a policy. */}}
{{- define "vcluster.policyMetadata" -}}
name: vc-{{ .root.Release.Name }}
namespace: {{ .root.Release.Namespace }}
labels:
  app: vcluster
  release: {{ .root.Release.Name | quote }}
  {{- with .said.labels }}{{ include "vcluster.texts" (dict "root" $.root "said" .) | nindent 2 }}{{- end }}
{{- with .said.annotations }}
annotations:
  {{- include "vcluster.texts" (dict "root" $.root "said" .) | nindent 2 }}
{{- end }}
{{- end -}}
