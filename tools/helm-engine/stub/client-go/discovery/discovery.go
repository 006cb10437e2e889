// Package discovery stands in for client-go's: only what Helm's engine compiles against.
package discovery

import (
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

var errNoCluster = errors.New("this engine has no cluster of its own: lookups are answered by its host")

// Client discovers nothing.
type Client struct{}

// NewDiscoveryClientForConfig always fails.
func NewDiscoveryClientForConfig(*rest.Config) (*Client, error) { return nil, errNoCluster }

// ServerResourcesForGroupVersion always fails.
func (*Client) ServerResourcesForGroupVersion(string) (*metav1.APIResourceList, error) {
	return nil, errNoCluster
}
