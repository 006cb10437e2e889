{{/* What reading the values comes to, as JSON: fields, findings, notes. The same rules as those of `vcluster create`: files/keys.json. */}}
{{- define "vcluster.read" -}}
{{- $out := dict "fields" dict "findings" list "notes" list -}}
{{- $table := .Files.Get "files/keys.json" | fromJson -}}
{{- include "vcluster.walk" (dict "values" .Values "folder" "" "above" "" "table" $table "out" $out) -}}
{{- toJson $out -}}
{{- end -}}

{{- define "vcluster.walk" -}}
{{- $in := . -}}
{{- range $key, $value := .values -}}
  {{- $path := ternary $key (printf "%s.%s" $in.folder $key) (eq $in.folder "") -}}
  {{- $rule := get $in.table.rules $path | default $in.above -}}
  {{- $isFolder := hasKey $in.table.folders $path -}}
  {{- if and $isFolder (kindIs "map" $value) -}}
    {{- include "vcluster.walk" (dict "values" $value "folder" $path "above" $rule "table" $in.table "out" $in.out) -}}
  {{- else if $rule -}}
    {{- include "vcluster.judge" (dict "rule" $rule "path" $path "value" $value "out" $in.out) -}}
  {{- else if not $isFolder -}}
    {{- $text := printf "%s: no such key; there are %s" $path (join ", " (get $in.table.folders $in.folder)) -}}
    {{- $_ := set $in.out "findings" (append $in.out.findings $text) -}}
  {{- else if not (include "vcluster.asksNothing" (dict "value" $value)) -}}
    {{- $text := printf "%s: must be a map with keys of %s" $path (join ", " (get $in.table.folders $path)) -}}
    {{- $_ := set $in.out "findings" (append $in.out.findings $text) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "vcluster.judge" -}}
{{- $rule := .rule -}}
{{- $value := .value -}}
{{- $asks := not (include "vcluster.asksNothing" (dict "value" $value)) -}}
{{- $harmless := false -}}
{{- range $one := $rule.values -}}
  {{- if include "vcluster.asksNoMore" (dict "value" $value "harmless" $one "exact" (eq $rule.is "always")) -}}{{- $harmless = true -}}{{- end -}}
{{- end -}}
{{- if eq $rule.is "field" -}}
  {{- if not (has (toJson $value) (list "null" "\"\"" "\"auto\"")) -}}
    {{- if not (hasKey $rule "gives") -}}
      {{- $_ := set .out.fields $rule.field $value -}}
    {{- else if eq (toJson $value) "true" -}}
      {{- $_ := set .out.fields $rule.field $rule.gives -}}
    {{- end -}}
  {{- end -}}
{{- else if eq $rule.is "moot" -}}
  {{- if $asks -}}{{- $_ := set .out "notes" (append .out.notes (printf "%s changes nothing: %s" .path $rule.why)) -}}{{- end -}}
{{- else if eq $rule.is "always" -}}
  {{- if not (or $harmless (kindIs "invalid" $value)) -}}
    {{- $_ := set .out "findings" (append .out.findings (printf "%s: %s is not supported: %s" .path (toJson $value) $rule.why)) -}}
  {{- end -}}
{{- else if eq $rule.is "refused" -}}
  {{- if and $asks (not $harmless) -}}
    {{- $_ := set .out "findings" (append .out.findings (printf "%s: not supported: %s" .path $rule.why)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* "true" for what is switched off, empty, or left to the program. */}}
{{- define "vcluster.asksNothing" -}}
{{- $value := .value -}}
{{- if kindIs "map" $value -}}
  {{- if has (toJson (get $value "enabled")) (list "false" "\"auto\"") -}}
    true
  {{- else -}}
    {{- $all := true -}}
    {{- range $key, $one := $value -}}
      {{- if not (include "vcluster.asksNothing" (dict "value" $one)) -}}{{- $all = false -}}{{- end -}}
    {{- end -}}
    {{- if $all -}}true{{- end -}}
  {{- end -}}
{{- else if has (toJson $value) (list "null" "false" "0" "\"\"" "\"auto\"" "[]") -}}
  true
{{- end -}}
{{- end -}}

{{/* "true" if a value says nothing beyond what one that asks for nothing says. */}}
{{- define "vcluster.asksNoMore" -}}
{{- $harmless := .harmless -}}
{{- if or .exact (not (kindIs "map" .value)) (not (kindIs "map" $harmless)) -}}
  {{- if eq (toJson .value) (toJson $harmless) -}}true{{- end -}}
{{- else -}}
  {{- $all := true -}}
  {{- range $key, $one := .value -}}
    {{- $same := and (hasKey $harmless $key) (eq (toJson $one) (toJson (get $harmless $key))) -}}
    {{- if not (or $same (include "vcluster.asksNothing" (dict "value" $one))) -}}{{- $all = false -}}{{- end -}}
  {{- end -}}
  {{- if $all -}}true{{- end -}}
{{- end -}}
{{- end -}}
