// Package scheme stands in for client-go's: the API versions of a rendering come from the cluster, not from a list
// that was compiled in.
package scheme

import "k8s.io/apimachinery/pkg/runtime"

// Scheme knows no kinds.
var Scheme = runtime.NewScheme()
