// Package dynamic stands in for client-go's: only what Helm's engine compiles against.
package dynamic

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// ResourceInterface reads objects of one kind.
type ResourceInterface interface {
	Get(ctx context.Context, name string, options metav1.GetOptions, subresources ...string) (*unstructured.Unstructured, error)
	List(ctx context.Context, options metav1.ListOptions) (*unstructured.UnstructuredList, error)
}

// NamespaceableResourceInterface reads objects of one kind, of all namespaces or of one.
type NamespaceableResourceInterface interface {
	Namespace(string) ResourceInterface
	ResourceInterface
}

// Client reads nothing.
type Client struct{}

// NewForConfig always fails.
func NewForConfig(*rest.Config) (*Client, error) {
	return nil, errors.New("this engine has no cluster of its own: lookups are answered by its host")
}

// Resource is never reached, since no client can be made.
func (*Client) Resource(schema.GroupVersionResource) NamespaceableResourceInterface { return nil }
