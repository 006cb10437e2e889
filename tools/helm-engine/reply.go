package main

// Codes of failures: the host's own words (RenderErrorCode).
const (
	chartInvalid   = "ChartInvalid"
	valuesInvalid  = "ValuesInvalid"
	templateFailed = "TemplateFailed"
)

type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// reply is the one shape that every function answers with: exactly one of the fields is set.
type reply struct {
	Error      *failure         `json:"error,omitempty"`
	Chart      *chartInfo       `json:"chart,omitempty"`
	Rendering  *rendering       `json:"rendering,omitempty"`
	Provenance *provenanceReply `json:"provenance,omitempty"`
}

func failed(code string, err error) reply {
	return reply{Error: &failure{Code: code, Message: err.Error()}}
}
