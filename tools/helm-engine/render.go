package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"path"
	"sort"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	cutil "helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	vutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	rel "helm.sh/helm/v4/pkg/release/v1"
	rutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// Warnings of Helm's loader would go to a standard error that nobody reads, values included.
func init() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	log.SetOutput(discard{})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

type request struct {
	Name        string         `json:"name"`
	Namespace   string         `json:"namespace"`
	Revision    int            `json:"revision"`
	IsUpgrade   bool           `json:"isUpgrade"`
	Values      map[string]any `json:"values"`
	KubeVersion string         `json:"kubeVersion"`
	APIVersions []string       `json:"apiVersions"`
}

type hook struct {
	document
	Name           string   `json:"name"`
	Kind           string   `json:"kind"`
	Events         []string `json:"events"`
	Weight         int      `json:"weight"`
	DeletePolicies []string `json:"deletePolicies"`
}

type rendering struct {
	Manifests []document `json:"manifests"`
	Hooks     []hook     `json:"hooks"`
	Notes     string     `json:"notes"`
	Volatile  []string   `json:"volatile"`
}

const schemaPreamble = "values don't meet the specifications of the schema(s)"

// renderRequest takes the steps of `helm install`, in its order.
func renderRequest(handle uint32, body []byte) reply {
	loaded, ok := charts[handle]
	if !ok {
		return failed(chartInvalid, fmt.Errorf("chart %d is not loaded", handle))
	}
	var asked request
	if err := json.Unmarshal(body, &asked); err != nil {
		return failed(valuesInvalid, fmt.Errorf("the request is not JSON: %w", err))
	}
	if asked.Values == nil {
		asked.Values = map[string]any{}
	}
	capabilities, err := capabilitiesOf(asked)
	if err != nil {
		return failed(chartInvalid, err)
	}
	c := clone(loaded)
	if err := installable(c, capabilities); err != nil {
		return failed(chartInvalid, err)
	}
	if err := vutil.ProcessDependencies(c, asked.Values); err != nil {
		return failed(chartInvalid, fmt.Errorf("chart dependencies processing failed: %w", err))
	}
	options := common.ReleaseOptions{
		Name:      asked.Name,
		Namespace: asked.Namespace,
		Revision:  asked.Revision,
		IsInstall: !asked.IsUpgrade,
		IsUpgrade: asked.IsUpgrade,
	}
	values, err := cutil.ToRenderValues(c, asked.Values, options, capabilities)
	if err != nil {
		if strings.HasPrefix(err.Error(), schemaPreamble) {
			return failed(valuesInvalid, err)
		}
		return failed(chartInvalid, err)
	}
	used := usage{}
	files, err := engine.Engine{CustomTemplateFuncs: used.functions()}.Render(c, values)
	if err != nil {
		return failed(templateFailed, err)
	}
	notes := takeNotes(c, files)
	hooks, manifests, err := rutil.SortManifests(files, nil, rutil.InstallOrder)
	if err != nil {
		return failed(templateFailed, err)
	}
	return reply{Rendering: &rendering{
		Manifests: documentsOf(manifests),
		Hooks:     hooksOf(hooks),
		Notes:     notes,
		Volatile:  used.names(),
	}}
}

func capabilitiesOf(asked request) (*common.Capabilities, error) {
	version, err := common.ParseKubeVersion(asked.KubeVersion)
	if err != nil {
		return nil, fmt.Errorf("kubeVersion %q of the request: %w", asked.KubeVersion, err)
	}
	capabilities := common.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *version
	capabilities.APIVersions = common.VersionSet(asked.APIVersions)
	return capabilities, nil
}

func installable(c *chart.Chart, capabilities *common.Capabilities) error {
	if kind := c.Metadata.Type; kind != "" && kind != "application" {
		return fmt.Errorf("a chart of type %s cannot be installed, only one of type application", kind)
	}
	wanted := c.Metadata.KubeVersion
	if wanted != "" && !vutil.IsCompatibleRange(wanted, capabilities.KubeVersion.String()) {
		return fmt.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted, capabilities.KubeVersion.Version)
	}
	return nil
}

// takeNotes removes the notes of all charts from the files and answers those of the chart itself.
func takeNotes(c *chart.Chart, files map[string]string) string {
	notes := files[path.Join(c.Name(), "templates", "NOTES.txt")]
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	return notes
}

func documentsOf(manifests []rutil.Manifest) []document {
	documents := make([]document, 0, len(manifests))
	for _, manifest := range manifests {
		if hasContent(manifest.Content) {
			documents = append(documents, document{Source: manifest.Name, Content: manifest.Content})
		}
	}
	return documents
}

// hasContent tells a document from one that has comments only, as a template gives whose condition is false.
func hasContent(text string) bool {
	for line := range bytes.Lines([]byte(text)) {
		trimmed := bytes.TrimSpace(line)
		if len(trimmed) > 0 && trimmed[0] != '#' && string(trimmed) != "---" {
			return true
		}
	}
	return false
}

// hooksOf answers the hooks in the order in which Helm runs those of one event: weight, then name, then kind.
func hooksOf(found []*rel.Hook) []hook {
	sort.SliceStable(found, func(i, j int) bool {
		if found[i].Weight == found[j].Weight {
			return found[i].Name < found[j].Name
		}
		return found[i].Weight < found[j].Weight
	})
	hooks := make([]hook, 0, len(found))
	for _, one := range found {
		entry := hook{
			document:       document{Source: one.Path, Content: one.Manifest},
			Name:           one.Name,
			Kind:           one.Kind,
			Events:         []string{},
			Weight:         one.Weight,
			DeletePolicies: []string{},
		}
		for _, event := range one.Events {
			entry.Events = append(entry.Events, string(event))
		}
		for _, policy := range one.DeletePolicies {
			entry.DeletePolicies = append(entry.DeletePolicies, string(policy))
		}
		hooks = append(hooks, entry)
	}
	return hooks
}
