import { packChart } from '../../helm/archive.ts';
import { sha256 } from '../../lib/hash.ts';

/**
 * The one chart that all hooks are rendered by. It holds nothing of theirs: texts and variables come as values, each text is a template of
 * its own (`tpl`) whose dot and `$` are the variables, and the answers are one list of JSON. So no hook sees another's, and what a text
 * comes out as can't end the document it stands in.
 */
const FILES = new Map([
  ['Chart.yaml', 'apiVersion: v2\nname: hook\nversion: 1.0.0\n'],
  [
    'templates/texts.yaml',
    `{{- $texts := list -}}
{{- range .Values.texts }}{{ $texts = append $texts (tpl . $.Values.variables) }}{{ end -}}
{{ dict "apiVersion" "v1" "kind" "List" "texts" $texts | toJson }}
`,
  ],
]);

const archive = packChart('hook', FILES);

/** The chart and the digest that the engine knows it by. */
export const LEAF_CHART = { archive, digest: sha256(archive) };
