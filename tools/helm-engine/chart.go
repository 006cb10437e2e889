package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	cutil "helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	vutil "helm.sh/helm/v4/pkg/chart/v2/util"
)

// charts holds parsed charts by the host's number. They are never rendered themselves but copied first: Helm changes
// the chart it renders (conditions, aliases, imported values).
var charts = map[uint32]*chart.Chart{}

// The host checks archives before they come here, with limits below this one; nested archives are held to it again.
const maxUnpacked = 100 << 20

func init() { archive.MaxDecompressedChartSize = maxUnpacked }

type document struct {
	Source  string `json:"source"`
	Content string `json:"content"`
}

type chartInfo struct {
	Name         string          `json:"name"`
	Version      string          `json:"version"`
	AppVersion   string          `json:"appVersion"`
	Description  string          `json:"description"`
	KubeVersion  string          `json:"kubeVersion"`
	Type         string          `json:"type"`
	ValuesYAML   string          `json:"valuesYaml"`
	Values       map[string]any  `json:"values"`
	ValuesSchema json.RawMessage `json:"valuesSchema,omitempty"`
	CRDs         []document      `json:"crds"`
	Metadata     *chart.Metadata `json:"metadata"`
	// Bytes that the parsed chart holds on to: the host bounds the sum.
	Size int `json:"size"`
}

func loadChart(handle uint32, bytesOfArchive []byte) reply {
	parsed, err := loader.LoadArchive(bytes.NewReader(bytesOfArchive))
	if err != nil {
		return failed(chartInvalid, err)
	}
	if err := missingDependencies(parsed); err != nil {
		return failed(chartInvalid, err)
	}
	info, err := describe(parsed)
	if err != nil {
		return failed(chartInvalid, err)
	}
	charts[handle] = parsed
	return reply{Chart: info}
}

// missingDependencies does what `helm install` does before it renders.
func missingDependencies(parsed *chart.Chart) error {
	present := map[string]bool{}
	for _, dependency := range parsed.Dependencies() {
		present[dependency.Name()] = true
	}
	var missing []string
	for _, wanted := range parsed.Metadata.Dependencies {
		if !present[wanted.Name] {
			missing = append(missing, wanted.Name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("dependencies named in Chart.yaml are not in charts/: %s (run `helm dependency build` before packing)", strings.Join(missing, ", "))
	}
	return nil
}

func describe(parsed *chart.Chart) (*chartInfo, error) {
	metadata := parsed.Metadata
	info := &chartInfo{
		Name:        metadata.Name,
		Version:     metadata.Version,
		AppVersion:  metadata.AppVersion,
		Description: metadata.Description,
		KubeVersion: metadata.KubeVersion,
		Type:        metadata.Type,
		CRDs:        []document{},
		Metadata:    metadata,
		Size:        sizeOf(parsed),
	}
	if info.Type == "" {
		info.Type = "application"
	}
	for _, file := range parsed.Raw {
		if file.Name == "values.yaml" {
			info.ValuesYAML = string(file.Data)
		}
	}
	if len(parsed.Schema) > 0 {
		if !json.Valid(parsed.Schema) {
			return nil, fmt.Errorf("values.schema.json is not JSON")
		}
		info.ValuesSchema = parsed.Schema
	}
	for _, crd := range parsed.CRDObjects() {
		info.CRDs = append(info.CRDs, document{Source: crd.Filename, Content: string(crd.File.Data)})
	}
	values, err := defaults(parsed)
	info.Values = values
	return info, err
}

func sizeOf(c *chart.Chart) int {
	size := 0
	for _, file := range c.Raw {
		size += len(file.Data)
	}
	for _, dependency := range c.Dependencies() {
		size += sizeOf(dependency)
	}
	return size
}

// defaults coalesces the values of a chart and of all its dependencies, also of those that are switched off: whoever
// switches one on sees what can be set there.
func defaults(parsed *chart.Chart) (map[string]any, error) {
	all := clone(parsed)
	switchOn(all)
	if err := vutil.ProcessDependencies(all, map[string]any{}); err != nil {
		return nil, err
	}
	values, err := cutil.CoalesceValues(all, map[string]any{})
	if err != nil {
		return nil, err
	}
	withoutGlobals(all, values)
	return values, nil
}

func switchOn(c *chart.Chart) {
	for _, dependency := range c.Metadata.Dependencies {
		dependency.Condition = ""
		dependency.Tags = nil
	}
	for _, dependency := range c.Dependencies() {
		switchOn(dependency)
	}
}

// withoutGlobals removes the copies of `global` that Helm makes below each dependency: they can be set at the top only.
func withoutGlobals(c *chart.Chart, values map[string]any) {
	for _, dependency := range c.Dependencies() {
		below, ok := values[dependency.Name()].(map[string]any)
		if !ok {
			continue
		}
		delete(below, "global")
		withoutGlobals(dependency, below)
	}
	if global, ok := values["global"].(map[string]any); ok && len(global) == 0 {
		delete(values, "global")
	}
}

// clone copies what Helm writes to; files are shared.
func clone(c *chart.Chart) *chart.Chart {
	copied := &chart.Chart{
		Raw:           c.Raw,
		Metadata:      cloneMetadata(c.Metadata),
		Lock:          c.Lock,
		Templates:     c.Templates,
		Schema:        c.Schema,
		SchemaModTime: c.SchemaModTime,
		Files:         c.Files,
		ModTime:       c.ModTime,
	}
	if c.Values != nil {
		copied.Values, _ = cloneValue(c.Values).(map[string]any)
	}
	for _, dependency := range c.Dependencies() {
		copied.AddDependency(clone(dependency))
	}
	return copied
}

func cloneMetadata(m *chart.Metadata) *chart.Metadata {
	if m == nil {
		return nil
	}
	copied := *m
	copied.Dependencies = nil
	for _, dependency := range m.Dependencies {
		one := *dependency
		one.Tags = append([]string(nil), dependency.Tags...)
		one.ImportValues, _ = cloneValue(dependency.ImportValues).([]any)
		copied.Dependencies = append(copied.Dependencies, &one)
	}
	return &copied
}

func cloneValue(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		if typed == nil {
			return typed
		}
		copied := make(map[string]any, len(typed))
		for key, below := range typed {
			copied[key] = cloneValue(below)
		}
		return copied
	case []any:
		if typed == nil {
			return typed
		}
		copied := make([]any, len(typed))
		for index, below := range typed {
			copied[index] = cloneValue(below)
		}
		return copied
	default:
		return value
	}
}
