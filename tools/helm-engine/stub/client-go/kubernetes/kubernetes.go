// Package kubernetes stands in for client-go's: the folder must exist.
package kubernetes
